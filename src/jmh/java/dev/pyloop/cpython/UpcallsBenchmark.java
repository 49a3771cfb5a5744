package dev.pyloop.cpython;

import dev.pyloop.EngineBenchmark;
import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Calls from native code into Java and back, without an interpreter: Java calls through the function pointer that CPython
 * would find in a method table. {@link #downcall} is the part of it that CPython does not pay.
 */
@State(Scope.Thread)
public class UpcallsBenchmark extends EngineBenchmark {
    private static final int METHOD = 0;
    private static final MethodHandle LABS = NativeLinker.function(NativeLinker.libcSymbol("labs"), "(J)J");
    private static final MethodHandle NO_ARGUMENTS = NativeLinker.pointer("(JJ)J");
    private static final MethodHandle KEYWORDS = NativeLinker.pointer("(JJJJ)J");

    private static final class Echo implements Methods {
        @Override
        public long call(int method, long self) {
            return self;
        }

        @Override
        public long call(int method, long self, long arguments, long count, long names) {
            return self;
        }
    }

    private final long noArguments = Upcalls.noArguments(new Echo(), METHOD);
    private final long keywords = Upcalls.keywords(new Echo(), METHOD);
    private long self = 1;

    /** To a native function that returns at once. */
    @Benchmark
    public long downcall() throws Throwable {
        return (long) LABS.invokeExact(self++);
    }

    /** To a method without arguments. */
    @Benchmark
    public long noArguments() throws Throwable {
        return (long) NO_ARGUMENTS.invokeExact(noArguments, self++, 0L);
    }

    /** To a method with positional and keyword arguments, as {@code call_soon} is one. */
    @Benchmark
    public long keywords() throws Throwable {
        return (long) KEYWORDS.invokeExact(keywords, self++, 0L, 0L, 0L);
    }
}
