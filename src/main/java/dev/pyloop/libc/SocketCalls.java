package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeLinker;
import dev.pyloop.memory.ScratchBuffer;
import java.lang.invoke.MethodHandle;

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
    private static final int MSG_NOSIGNAL = 0x4000;
    /** {@code SOCK_NONBLOCK | SOCK_CLOEXEC}. */
    private static final int NONBLOCKING = 0x800 | 0x80000;

    private static final MethodHandle RECV = SystemCalls.link("recv", "(IJJI)J");
    private static final MethodHandle SEND = SystemCalls.link("send", "(IJJI)J");

    /** What programs without servers or with small messages only do without. */
    private static final class Rare {
        static final MethodHandle SENDMSG = SystemCalls.link("sendmsg", "(IJI)J");
        static final MethodHandle SHUTDOWN = SystemCalls.link("shutdown", "(II)I");
    }

    private static final class Connecting {
        static final MethodHandle ACCEPT4 = SystemCalls.link("accept4", "(IJJI)I");
        static final MethodHandle SETSOCKOPT = SystemCalls.link("setsockopt", "(IIIJI)I");
        static final MethodHandle GETSOCKNAME = SystemCalls.link("getsockname", "(IJJ)I");
    }

    private final ErrnoState state = new ErrnoState();
    private final ScratchBuffer message = new ScratchBuffer(MessageHeader.SIZE);
    /** An {@code int} or {@code socklen_t} that the kernel reads or writes. */
    private final ScratchBuffer number = new ScratchBuffer(Integer.BYTES);

    @Override
    public long receive(int descriptor, long buffer, long size) {
        try {
            return state.result((long) RECV.invokeExact(state.segment(), descriptor, buffer, size, 0));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    @Override
    public long send(int descriptor, long buffer, long size) {
        try {
            return state.result((long) SEND.invokeExact(state.segment(), descriptor, buffer, size, MSG_NOSIGNAL));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    @Override
    public long send(int descriptor, long vector, int count) {
        MessageHeader.set(message.address(), vector, count);
        try {
            return state.result(
                    (long) Rare.SENDMSG.invokeExact(state.segment(), descriptor, message.address(), MSG_NOSIGNAL));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Sends an end of file behind what was sent. */
    public int shutdownWriting(int descriptor) {
        try {
            return state.result((int) Rare.SHUTDOWN.invokeExact(state.segment(), descriptor, SHUT_WR));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Closes {@code descriptor}. On Linux it is closed even when EINTR is returned: never repeat the call. */
    public int close(int descriptor) {
        try {
            return state.result((int) SystemCalls.CLOSE.invokeExact(state.segment(), descriptor));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
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
        try {
            return state.result((int)
                    Connecting.ACCEPT4.invokeExact(state.segment(), listener, peer, number.address(), NONBLOCKING));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Returns the size of the address that {@link #accept} or {@link #localAddress} stored last. */
    public int addressSize() {
        return Memory.getInt(number.address());
    }

    /** Stores the address that {@code descriptor} is bound to at {@code address}. */
    public int localAddress(int descriptor, long address) {
        Memory.putInt(number.address(), SocketAddress.CAPACITY);
        try {
            return state.result(
                    (int) Connecting.GETSOCKNAME.invokeExact(state.segment(), descriptor, address, number.address()));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Switches Nagle's algorithm off, for small messages to leave at once. */
    public int setNoDelay(int descriptor) {
        Memory.putInt(number.address(), 1);
        try {
            return state.result((int) Connecting.SETSOCKOPT.invokeExact(
                    state.segment(), descriptor, IPPROTO_TCP, TCP_NODELAY, number.address(), Integer.BYTES));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
