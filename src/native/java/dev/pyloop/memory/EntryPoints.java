package dev.pyloop.memory;

import com.oracle.svm.core.Isolates;
import com.oracle.svm.core.Uninterruptible;
import com.oracle.svm.core.c.function.CEntryPointOptions;
import com.oracle.svm.core.graal.nodes.WriteCurrentVMThreadNode;
import com.oracle.svm.core.graal.snippets.CEntryPointSnippets;
import com.oracle.svm.core.thread.VMThreads;
import java.util.Arrays;
import org.graalvm.nativeimage.IsolateThread;
import org.graalvm.nativeimage.c.function.CEntryPoint;
import org.graalvm.nativeimage.c.function.CFunction;

/**
 * Makes native function pointers for Java code: each is one of a fixed set of C functions, which know their number and the
 * calling thread ({@code src/native/c/bridge/entries.c}), and all of them enter Java here.
 *
 * <p>{@code OutOfMemoryError} has a handler of its own wherever everything is caught. In the native library, the error of
 * an allocation in a {@code try} block, or in a method compiled into it, reaches no handler but one that names it.
 *
 * <p>Guarded by the GIL.
 */
public final class EntryPoints {
    private static final long NONE_LEFT = 0;

    private static EntryPoint[] targets = new EntryPoint[64];
    private static int count;

    private static Driven[] driven = new Driven[1];
    private static int drivenCount;

    private EntryPoints() {}

    /** Returns the address of a function {@code long f(long, long, long, long)} that lives as long as the process. */
    public static long addressOf(EntryPoint target) {
        long address = entry(count, target.isInfallible() ? 1 : 0);
        if (address == NONE_LEFT) {
            throw new IllegalStateException("there are no more than " + count + " entry points");
        }
        if (count == targets.length) {
            targets = Arrays.copyOf(targets, 2 * count);
        }
        targets[count++] = target;
        return address;
    }

    /** As {@link #addressOf(EntryPoint)}; the function is C's. */
    public static long addressOf(Driven target) {
        long address = drive(drivenCount);
        if (address == NONE_LEFT) {
            throw new IllegalStateException("there are no more than " + drivenCount + " functions that drive");
        }
        if (drivenCount == driven.length) {
            driven = Arrays.copyOf(driven, 2 * drivenCount);
        }
        driven[drivenCount++] = target;
        return address;
    }

    @CFunction("pyloop_drive")
    private static native long drive(int number);

    @CEntryPoint(name = "pyloop_begin")
    @CEntryPointOptions(prologue = Enter.class, epilogue = Leave.class)
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // as below
    private static long begin(IsolateThread thread, int number, long request) {
        Driven target = driven[number];
        try {
            return target.begin(request);
        } catch (OutOfMemoryError e) {
            return failed(target, e, request);
        } catch (Throwable t) {
            return failed(target, t, request);
        }
    }

    @CEntryPoint(name = "pyloop_resume")
    @CEntryPointOptions(prologue = Enter.class, epilogue = Leave.class)
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // as below
    private static long resume(IsolateThread thread, int number, long result, long request) {
        Driven target = driven[number];
        try {
            return target.resume(result, request);
        } catch (OutOfMemoryError e) {
            return failed(target, e, request);
        } catch (Throwable t) {
            return failed(target, t, request);
        }
    }

    private static long failed(Driven target, Throwable thrown, long request) {
        CallRequest.clear(request);
        return target.failed(thrown);
    }

    @CFunction("pyloop_entry")
    private static native long entry(int number, int infallible);

    @CEntryPoint(name = "pyloop_dispatch")
    @CEntryPointOptions(prologue = Enter.class, epilogue = Leave.class)
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // called from C; the thread is for the prologue
    private static long dispatch(IsolateThread thread, int number, long a, long b, long c, long d) {
        EntryPoint target = targets[number];
        try {
            return target.call(a, b, c, d);
        } catch (OutOfMemoryError e) {
            return target.failed(e);
        } catch (Throwable t) {
            return target.failed(t);
        }
    }

    /**
     * Enters Java. The runtime's own way has two atomic operations, for a garbage collection in another thread that may
     * stop this one on its way in or out. Here there is none: a thread collects in Java, with the GIL, which the entering
     * one has.
     */
    static final class Enter implements CEntryPointOptions.Prologue {
        private Enter() {}

        @Uninterruptible(reason = "not in Java yet")
        @SuppressWarnings("UnusedMethod") // the builder finds it by its name
        static void enter(IsolateThread thread) {
            WriteCurrentVMThreadNode.writeCurrentVMThread(thread);
            CEntryPointSnippets.initBaseRegisters(Isolates.getHeapBase(VMThreads.IsolateTL.get(thread)));
            VMThreads.StatusSupport.statusTL.set(thread, VMThreads.StatusSupport.STATUS_IN_JAVA);
        }
    }

    /** Leaves Java, as {@link Enter} enters it. */
    static final class Leave implements CEntryPointOptions.Epilogue {
        private Leave() {}

        @Uninterruptible(reason = "not in Java any more")
        @SuppressWarnings("UnusedMethod") // the builder finds it by its name
        static void leave() {
            VMThreads.StatusSupport.statusTL.set(VMThreads.StatusSupport.STATUS_IN_NATIVE);
        }
    }
}
