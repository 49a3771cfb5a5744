package dev.pyloop.transport;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Iovec;
import dev.pyloop.libc.PipeCalls;
import dev.pyloop.libc.SocketCalls;
import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.loop.Metrics;
import dev.pyloop.memory.ScratchBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What the streams of one loop share.
 *
 * <p>Outlives the loop, because streams may. Guarded by the loop's lock.
 */
public final class StreamIo {
    /** Chunks handed to one system call. */
    static final int VECTOR_LENGTH = 256;
    /** Write queues kept for the next stream that has to wait; a stream that has nothing to send has none. */
    private static final int MAX_SPARE_QUEUES = 64;

    private final EventLoop loop;
    private final Metrics metrics;
    private final Callbacks callbacks;
    private final FlushList flushList;
    private final SocketCalls calls = new SocketCalls();
    private final PipeCalls pipeCalls = new PipeCalls();
    private final ScratchBuffer vector = new ScratchBuffer(VECTOR_LENGTH * Iovec.SIZE);
    private final ArrayDeque<WriteQueue> spareQueues = new ArrayDeque<>();
    private @Nullable Thread runner;

    /** Makes what streams on {@code loop} need; what is to be sent when callbacks have run they enter in {@code flushList}. */
    public StreamIo(EventLoop loop, Callbacks callbacks, FlushList flushList) {
        this.loop = loop;
        metrics = loop.metrics();
        this.callbacks = callbacks;
        this.flushList = flushList;
    }

    /** Returns the system calls, for use with the loop's lock held. */
    public SocketCalls calls() {
        return calls;
    }

    /** Returns the transfers through pipes, for use with the loop's lock held. */
    public PipeCalls pipeCalls() {
        return pipeCalls;
    }

    /** Says which thread runs callbacks now, and flushes after them; null for none. */
    public void setRunner(@Nullable Thread thread) {
        runner = thread;
    }

    /** Tells whether the caller is a callback, so that what it writes may wait for a flush. */
    boolean defers() {
        return Thread.currentThread() == runner;
    }

    /** Returns what the loop counts. */
    @Inlined
    public Metrics metrics() {
        return metrics;
    }

    EventLoop loop() {
        return loop;
    }

    FlushList flushList() {
        return flushList;
    }

    long vector() {
        return vector.address();
    }

    /** Watches a descriptor with a handle, of which the loop gets a reference of its own. */
    public int watch(int descriptor, int kind, long handle) {
        callbacks.retain(handle);
        int result;
        try {
            result = loop.readiness().watch(descriptor, kind, handle);
        } catch (OutOfMemoryError e) {
            callbacks.release(handle);
            throw e;
        }
        if (result < 0) {
            callbacks.release(handle);
        }
        return result;
    }

    /** Watches as {@link #watch} does; throws where that answers a negated errno. */
    void mustWatch(int descriptor, int kind, long handle) {
        int result = watch(descriptor, kind, handle);
        if (result < 0) {
            throw loop.readiness().watchFailure(result);
        }
    }

    WriteQueue takeQueue() {
        WriteQueue queue = spareQueues.poll();
        return queue == null ? new WriteQueue() : queue;
    }

    void keepQueue(WriteQueue empty) {
        if (spareQueues.size() < MAX_SPARE_QUEUES) {
            spareQueues.push(empty);
        }
    }
}
