package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/**
 * The system calls that receive and send datagrams. Each returns what the kernel returns, or the negated errno.
 *
 * <p>An instance carries the errno of its last call, so it serves one thread at a time. The sockets are non-blocking.
 */
public final class DatagramCalls {
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final long NO_TIMEOUT = 0;

    /** What only those who receive need. */
    private static final class Receiving {
        static final MethodHandle RECVMMSG = SystemCalls.link("recvmmsg", "(IJIIJ)I");
    }

    private static final class Sending {
        static final MethodHandle SENDTO = SystemCalls.link("sendto", "(IJJIJI)J");
    }

    private static final class Bursts {
        static final MethodHandle SENDMMSG = SystemCalls.link("sendmmsg", "(IJII)I");
    }

    private final ErrnoState state = new ErrnoState();

    /**
     * Receives up to {@code count} datagrams that have arrived.
     *
     * <p>An error that shows behind the first is kept by the kernel for the next call.
     */
    public int receive(int descriptor, MessageVector messages, int count) {
        try {
            return state.result((int) Receiving.RECVMMSG.invokeExact(
                    state.segment(), descriptor, messages.address(), count, 0, NO_TIMEOUT));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /**
     * Sends {@code count} datagrams, and returns how many were sent before one was not.
     *
     * <p>Why that one was not is told only when it is the first. Otherwise it may show in the next attempt, or never: an
     * error that the network reported is forgotten with the call that it ended.
     */
    public int send(int descriptor, MessageVector messages, int count) {
        try {
            return state.result((int)
                    Bursts.SENDMMSG.invokeExact(state.segment(), descriptor, messages.address(), count, MSG_NOSIGNAL));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Sends one datagram to the address at {@code name}; {@code nameLength} 0 for the connected peer. */
    public long send(int descriptor, long data, long length, long name, int nameLength) {
        try {
            return state.result((long) Sending.SENDTO.invokeExact(
                    state.segment(), descriptor, data, length, MSG_NOSIGNAL, nameLength == 0 ? 0 : name, nameLength));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
