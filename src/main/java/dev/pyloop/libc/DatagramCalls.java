package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.SystemCall;

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
        static final SystemCall RECVMMSG = SystemCall.of("recvmmsg");
    }

    private static final class Sending {
        static final SystemCall SENDTO = SystemCall.of("sendto");
    }

    private static final class Bursts {
        static final SystemCall SENDMMSG = SystemCall.of("sendmmsg");
    }

    private final ErrnoState state = new ErrnoState();

    /**
     * Receives up to {@code count} datagrams that have arrived.
     *
     * <p>An error that shows behind the first is kept by the kernel for the next call.
     */
    public int receive(int descriptor, MessageVector messages, int count) {
        return Receiving.RECVMMSG.callInt(state, descriptor, messages.address(), count, 0, NO_TIMEOUT, 0);
    }

    /**
     * Sends {@code count} datagrams, and returns how many were sent before one was not.
     *
     * <p>Why that one was not is told only when it is the first. Otherwise it may show in the next attempt, or never: an
     * error that the network reported is forgotten with the call that it ended.
     */
    public int send(int descriptor, MessageVector messages, int count) {
        return Bursts.SENDMMSG.callInt(state, descriptor, messages.address(), count, MSG_NOSIGNAL);
    }

    /** Sends one datagram to the address at {@code name}; {@code nameLength} 0 for the connected peer. */
    public long send(int descriptor, long data, long length, long name, int nameLength) {
        return Sending.SENDTO.call(
                state, descriptor, data, length, MSG_NOSIGNAL, nameLength == 0 ? 0 : name, nameLength);
    }
}
