package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.SystemCall;

/**
 * The system calls of the reactor. Each returns what the kernel returns, or the negated errno: {@code -Errno.EBADF}.
 *
 * <p>An instance carries the errno of its last call, so it serves one thread at a time.
 */
public final class SystemCalls {
    private static final SystemCall EPOLL_CREATE1 = SystemCall.of("epoll_create1");
    private static final SystemCall EPOLL_CTL = SystemCall.of("epoll_ctl");
    private static final SystemCall PIPE2 = SystemCall.of("pipe2");
    private static final SystemCall DUP3 = SystemCall.of("dup3");
    static final SystemCall READ = SystemCall.of("read");
    static final SystemCall WRITE = SystemCall.of("write");
    static final SystemCall CLOSE = SystemCall.of("close");

    private final ErrnoState state = new ErrnoState();

    /** Makes an epoll descriptor, which is the caller's. */
    public int epollCreate1(int flags) {
        return EPOLL_CREATE1.callInt(state, flags);
    }

    /** Adds, modifies or removes {@code descriptor}; {@code event} is the address of an {@link EpollEvent}. */
    public int epollCtl(int epoll, int operation, int descriptor, long event) {
        return EPOLL_CTL.callInt(state, epoll, operation, descriptor, event);
    }

    /** Makes a pipe, and puts the descriptors of its ends, which are the caller's, at the address of two ints. */
    public int pipe2(long ends, int flags) {
        return PIPE2.callInt(state, ends, flags);
    }

    /** Makes {@code number} another name of what {@code descriptor} names; what it named before is closed. */
    public int dup3(int descriptor, int number, int flags) {
        return DUP3.callInt(state, descriptor, number, flags);
    }

    /** Closes {@code descriptor}. On Linux it is closed even when EINTR is returned: never repeat the call. */
    public int close(int descriptor) {
        return CLOSE.callInt(state, descriptor);
    }
}
