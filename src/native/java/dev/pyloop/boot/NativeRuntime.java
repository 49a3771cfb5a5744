package dev.pyloop.boot;

import com.oracle.svm.core.stack.StackOverflowCheck;
import com.oracle.svm.core.thread.VMThreads;
import dev.pyloop.memory.Memory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.graalvm.nativeimage.IsolateThread;
import org.graalvm.nativeimage.RuntimeOptions;
import org.graalvm.nativeimage.c.function.CEntryPoint;
import org.graalvm.word.WordFactory;

/**
 * What C calls to start the engine in the native library, and after a fork ({@code src/native/c/bridge}).
 *
 * <p>Called with the GIL held; nothing thrown leaves Java.
 */
@SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // called from C; the thread is for the prologue
final class NativeRuntime {
    private static final int STARTED = 0;
    private static final int FAILED = -1;

    private NativeRuntime() {}

    /**
     * Starts the engine; once per process.
     *
     * @param dlsym address of the C library's function
     * @param library {@code dlopen} handle that the C API's symbols are found in
     * @param module address of the module object to fill
     * @param maxHeap the most bytes that Java objects may take
     * @param message where to write why it did not start, as zero-terminated UTF-8
     * @param size bytes of room for that
     * @return 0, or -1 if it did not start
     */
    @CEntryPoint(name = "pyloop_engine_start")
    private static int start(
            IsolateThread thread, long dlsym, long library, long module, long maxHeap, long message, long size) {
        try {
            RuntimeOptions.set("MaxHeapSize", maxHeap);
            Bootstrap.start(dlsym, library, module);
            StartedClasses.initialize();
            return STARTED;
        } catch (Throwable t) {
            byte[] text = String.valueOf(t.getMessage()).getBytes(StandardCharsets.UTF_8);
            int length = (int) Math.min(text.length, size - 1);
            Memory.putBytes(message, Arrays.copyOf(text, length));
            Memory.putByte(message + length, (byte) 0);
            return FAILED;
        }
    }

    /**
     * Leaves it to C to see that there is stack for Java, in the thread that has just been attached: the check of each
     * entry costs less, comes before anything has happened, and knows of the garbage collector's functions, which must
     * not fail.
     */
    @CEntryPoint(name = "pyloop_engine_attached")
    private static void attached(IsolateThread thread) {
        StackOverflowCheck.singleton().disableStackOverflowChecksForFatalError();
    }

    /**
     * Takes note that another thread goes on in the place of one that has ended. The runtime would take a third one for
     * the one that ended, if the system gives it the same number.
     *
     * @param handle the thread's {@code pthread_t}
     * @param id the system's number of it
     */
    @CEntryPoint(name = "pyloop_engine_succeeded")
    private static void succeeded(IsolateThread thread, long handle, long id) {
        VMThreads.OSThreadHandleTL.set(thread, WordFactory.pointer(handle));
        VMThreads.OSThreadIdTL.set(thread, WordFactory.pointer(id));
    }

    /**
     * Forgets the threads of the parent, in the child of a fork: they are not there any more, and their stacks will be
     * others' memory, in which the Java garbage collector must not look for references.
     */
    @CEntryPoint(name = "pyloop_engine_forked")
    private static void forked(IsolateThread thread) {
        VMThreads.detachAllThreadsExceptCurrentWithoutCleanupForTearDown();
    }
}
