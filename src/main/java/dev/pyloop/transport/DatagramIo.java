package dev.pyloop.transport;

import dev.pyloop.libc.DatagramCalls;
import dev.pyloop.libc.MessageVector;
import dev.pyloop.libc.SocketAddress;
import dev.pyloop.memory.ScratchBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What the datagram sockets of one loop share.
 *
 * <p>Sending outlives the loop, because transports may; receiving ends with it. Guarded by the loop's lock.
 */
public final class DatagramIo implements AutoCloseable {
    /** Datagrams sent by one call. */
    static final int MAX_BURST = 64;

    private static final int MAX_SPARE_QUEUES = 16;

    private final StreamIo io;
    private final FlushList flushList;
    private final DatagramCalls calls = new DatagramCalls();
    private final ScratchBuffer name = new ScratchBuffer(SocketAddress.CAPACITY);
    private final ArrayDeque<DatagramQueue> spareQueues = new ArrayDeque<>();
    private @Nullable DatagramInput input;
    private @Nullable MessageVector output;

    /**
     * Makes what datagram sockets need besides {@code io}, which the loop's streams use too; what is to be sent when the
     * callback that runs returns they enter in {@code flushList}.
     */
    public DatagramIo(StreamIo io, FlushList flushList) {
        this.io = io;
        this.flushList = flushList;
    }

    /** Returns where a socket address can be written before it is handed to {@link DatagramSocket#send}. */
    public long name() {
        return name.address();
    }

    /** Returns where datagrams are received. */
    public DatagramInput input() {
        if (input == null) {
            input = new DatagramInput();
        }
        return input;
    }

    /** Frees the memory that datagrams are received in. */
    @Override
    public void close() {
        if (input != null) {
            input.close();
            input = null;
        }
    }

    StreamIo shared() {
        return io;
    }

    FlushList flushList() {
        return flushList;
    }

    DatagramCalls calls() {
        return calls;
    }

    MessageVector output() {
        if (output == null) {
            output = new MessageVector(MAX_BURST);
        }
        return output;
    }

    DatagramQueue takeQueue() {
        DatagramQueue queue = spareQueues.poll();
        return queue == null ? new DatagramQueue() : queue;
    }

    void keepQueue(DatagramQueue empty) {
        if (spareQueues.size() < MAX_SPARE_QUEUES) {
            spareQueues.push(empty);
        }
    }
}
