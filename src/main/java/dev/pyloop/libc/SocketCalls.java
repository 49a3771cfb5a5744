package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.ScratchBuffer;
import dev.pyloop.memory.SystemCall;

/**
 * The system calls of sockets. Each returns what the kernel returns, or the negated errno.
 *
 * <p>An instance carries the errno of its last call, so it serves one thread at a time. None of them blocks: the sockets
 * are non-blocking.
 */
public final class SocketCalls implements Transfers {
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int SHUT_WR = 1;
    private static final long FIONREAD = 0x541B;
    private static final int MSG_NOSIGNAL = 0x4000;
    /** {@code SOCK_NONBLOCK | SOCK_CLOEXEC}. */
    private static final int NONBLOCKING = 0x800 | 0x80000;

    private static final SystemCall RECV = SystemCall.of("recv");
    private static final SystemCall SEND = SystemCall.of("send");

    /** What programs without servers or with small messages only do without. */
    private static final class Rare {
        static final SystemCall IOCTL = SystemCall.of("ioctl");
        static final SystemCall SENDMSG = SystemCall.of("sendmsg");
        static final SystemCall SHUTDOWN = SystemCall.of("shutdown");
    }

    private static final class Connecting {
        static final SystemCall ACCEPT4 = SystemCall.of("accept4");
        static final SystemCall SETSOCKOPT = SystemCall.of("setsockopt");
        static final SystemCall GETSOCKNAME = SystemCall.of("getsockname");
    }

    private final ErrnoState state = new ErrnoState();
    private final ScratchBuffer message = new ScratchBuffer(MessageHeader.SIZE);
    /** An {@code int} or {@code socklen_t} that the kernel reads or writes. */
    private final ScratchBuffer number = new ScratchBuffer(Integer.BYTES);

    @Override
    public long receive(int descriptor, long buffer, long size) {
        return RECV.call(state, descriptor, buffer, size, 0);
    }

    @Override
    public long send(int descriptor, long buffer, long size) {
        return SEND.call(state, descriptor, buffer, size, MSG_NOSIGNAL);
    }

    @Override
    public long send(int descriptor, long vector, int count) {
        MessageHeader.set(message.address(), vector, count);
        return Rare.SENDMSG.call(state, descriptor, message.address(), MSG_NOSIGNAL);
    }

    /** Returns how many bytes can be received. */
    public int available(int descriptor) {
        int result = Rare.IOCTL.callInt(state, descriptor, FIONREAD, number.address());
        return result < 0 ? result : Memory.getInt(number.address());
    }

    /** Sends an end of file behind what was sent. */
    public int shutdownWriting(int descriptor) {
        return Rare.SHUTDOWN.callInt(state, descriptor, SHUT_WR);
    }

    /** Closes {@code descriptor}. On Linux it is closed even when EINTR is returned: never repeat the call. */
    public int close(int descriptor) {
        return SystemCalls.CLOSE.callInt(state, descriptor);
    }

    /**
     * Accepts a connection; its non-blocking descriptor is the caller's.
     *
     * @param peer where the peer's address is stored, of {@link SocketAddress#CAPACITY} bytes; its first four bytes are
     *     zero when the peer has none
     */
    public int accept(int listener, long peer) {
        Memory.putInt(number.address(), SocketAddress.CAPACITY);
        Memory.putInt(peer, 0);
        return Connecting.ACCEPT4.callInt(state, listener, peer, number.address(), NONBLOCKING);
    }

    /** Returns the size of the address that {@link #accept} or {@link #localAddress} stored last. */
    public int addressSize() {
        return Memory.getInt(number.address());
    }

    /** Stores the address that {@code descriptor} is bound to at {@code address}. */
    public int localAddress(int descriptor, long address) {
        Memory.putInt(number.address(), SocketAddress.CAPACITY);
        return Connecting.GETSOCKNAME.callInt(state, descriptor, address, number.address());
    }

    /** Switches Nagle's algorithm off, for small messages to leave at once. */
    public int setNoDelay(int descriptor) {
        Memory.putInt(number.address(), 1);
        return Connecting.SETSOCKOPT.callInt(
                state, descriptor, IPPROTO_TCP, TCP_NODELAY, number.address(), Integer.BYTES, 0);
    }
}
