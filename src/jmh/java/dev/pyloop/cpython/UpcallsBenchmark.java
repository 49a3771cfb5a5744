package dev.pyloop.cpython;

import dev.pyloop.EngineBenchmark;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;
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
    private static final NativeFunction LABS = NativeFunction.at(NativeSymbols.libc("labs"));

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

    private static final NativeFunction NO_ARGUMENTS = NativeFunction.at(Upcalls.noArguments(new Echo(), METHOD));
    private static final NativeFunction KEYWORDS = NativeFunction.at(Upcalls.keywords(new Echo(), METHOD));
    private long self = 1;

    /** To a native function that returns at once. */
    @Benchmark
    public long downcall() {
        return LABS.call(self++);
    }

    /** To a method without arguments. */
    @Benchmark
    public long noArguments() {
        return NO_ARGUMENTS.call(self++, 0);
    }

    /** To a method with positional and keyword arguments, as {@code call_soon} is one. */
    @Benchmark
    public long keywords() {
        return KEYWORDS.call(self++, 0, 0, 0);
    }
}
