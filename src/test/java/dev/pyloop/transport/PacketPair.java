package dev.pyloop.transport;

import dev.pyloop.libc.SocketAddress;
import dev.pyloop.libc.SocketCalls;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Two connected sockets on which every send arrives as a packet of its own, so that sends can be counted. */
final class PacketPair implements AutoCloseable {
    private static final int SOCK_SEQPACKET = 5;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int BUFFER_SIZE = 1 << 20;
    private static final NativeFunction SOCKETPAIR = NativeFunction.at(NativeSymbols.libc("socketpair"));

    private final SocketCalls calls = new SocketCalls();
    private final NativeBuffer buffer = new NativeBuffer(BUFFER_SIZE);
    private final int[] ends = new int[2];

    PacketPair() {
        try (NativeBuffer pair = new NativeBuffer(2 * Integer.BYTES)) {
            int status =
                    (int) SOCKETPAIR.call(SocketAddress.AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair.address());
            if (status != 0) {
                throw new AssertionError("socketpair failed");
            }
            ends[0] = Memory.getInt(pair.address());
            ends[1] = Memory.getInt(pair.address() + Integer.BYTES);
        }
    }

    /** The end that the stream under test has. */
    int descriptor() {
        return ends[0];
    }

    /** Returns the next packet that arrived at the other end; null if there is none, "" at the end of the stream. */
    @Nullable
    String receive() {
        long count = calls.receive(ends[1], buffer.address(), BUFFER_SIZE);
        if (count < 0) {
            return null;
        }
        return new String(Memory.getBytes(buffer.address(), (int) count), StandardCharsets.US_ASCII);
    }

    /** Closes the other end. */
    void closePeer() {
        calls.close(ends[1]);
        ends[1] = -1;
    }

    @Override
    public void close() {
        for (int end : ends) {
            if (end >= 0) {
                calls.close(end);
            }
        }
        buffer.close();
    }
}
