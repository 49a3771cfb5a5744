package dev.pyloop.transport;

import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SocketAddress;
import dev.pyloop.libc.SocketCalls;
import dev.pyloop.loop.Metrics;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.ScratchBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections from a listening socket.
 *
 * <p>It borrows the listening descriptor. The connections are its own until {@link #next} hands them over, one by one.
 * Guarded by the loop's lock.
 */
public final class Acceptor implements AutoCloseable {
    /**
     * A connection.
     *
     * @param descriptor its non-blocking descriptor, which the receiver of this owns
     * @param peer the peer's address as the kernel gave it
     * @param local the address it was accepted at
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Connection(int descriptor, byte[] peer, byte[] local) {}

    private static final byte[] NO_ADDRESS = {};

    private final SocketCalls calls;
    private final Metrics metrics;
    private final int listener;
    private final int limit;
    private final ArrayDeque<Connection> accepted = new ArrayDeque<>();
    private final ScratchBuffer address = new ScratchBuffer(SocketAddress.CAPACITY);
    /** The address of all connections if the socket listens at one only; empty if each has to be asked. */
    private final byte[] commonLocal;

    /**
     * Makes an acceptor that takes at most {@code limit} connections at a time. Those over TCP are without Nagle's
     * algorithm, which they inherit from the listening socket: one system call for all.
     */
    public Acceptor(StreamIo io, int listener, int limit) {
        calls = io.calls();
        metrics = io.metrics();
        this.listener = listener;
        this.limit = limit;
        byte[] local = localAddress(listener);
        commonLocal = SocketAddress.isOneOnly(local) ? local : NO_ADDRESS;
        if (!SocketAddress.isUnix(local)) {
            // Of no use to other protocols, which refuse it.
            int ignored = calls.setNoDelay(listener);
        }
    }

    /** Returns the listening descriptor. */
    public int listener() {
        return listener;
    }

    /**
     * Takes the connections that wait, apart from those that were reset meanwhile.
     *
     * @param arrived told of each; what it throws ends this, and the connection it was told of is closed
     * @return 0, or the negated errno of a failure of the listening socket, or for want of resources
     */
    public int accept(Runnable arrived) {
        for (int i = 0; i < limit; i++) {
            int result = calls.accept(listener, address.address());
            if (result >= 0) {
                metrics.accepted();
                take(result);
                tell(arrived);
            } else if (Errno.saysLater(result)) {
                return 0;
            } else if (!isOfOneConnection(-result)) {
                return result;
            }
        }
        return 0;
    }

    /** Returns the connection that was taken first, null if there is none. The caller owns its descriptor from now on. */
    public @Nullable Connection next() {
        return accepted.poll();
    }

    /** Closes the connections that nobody wants any more. */
    @Override
    public void close() {
        while (!accepted.isEmpty()) {
            calls.close(accepted.remove().descriptor());
        }
    }

    private void take(int descriptor) {
        try {
            byte[] peer = lastAddress();
            byte[] local = commonLocal.length == 0 ? localAddress(descriptor) : commonLocal;
            accepted.add(new Connection(descriptor, peer, local));
        } catch (OutOfMemoryError e) {
            calls.close(descriptor);
            throw e;
        }
    }

    /** Whoever cannot be told of a connection does not come for it, but takes it for the next that he is told of. */
    private void tell(Runnable arrived) {
        try {
            arrived.run();
        } catch (OutOfMemoryError | StackOverflowError | RuntimeException e) {
            calls.close(accepted.removeLast().descriptor());
            throw e;
        }
    }

    private byte[] localAddress(int descriptor) {
        return calls.localAddress(descriptor, address.address()) < 0 ? NO_ADDRESS : lastAddress();
    }

    private byte[] lastAddress() {
        return Memory.getBytes(address.address(), Math.min(calls.addressSize(), SocketAddress.CAPACITY));
    }

    /** Linux passes pending errors of the new connection on: accept(2) says to treat them like EAGAIN. */
    private static boolean isOfOneConnection(int errno) {
        return switch (errno) {
            case Errno.ECONNABORTED,
                    Errno.EPROTO,
                    Errno.ENETDOWN,
                    Errno.ENETUNREACH,
                    Errno.EHOSTDOWN,
                    Errno.EHOSTUNREACH,
                    Errno.ENONET,
                    Errno.ENOPROTOOPT -> true;
            default -> false;
        };
    }
}
