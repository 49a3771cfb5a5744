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
    private static final SystemCall EVENTFD = SystemCall.of("eventfd");
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

    /** Makes an event counter, whose descriptor is the caller's. */
    public int eventfd(int initial, int flags) {
        return EVENTFD.callInt(state, initial, flags);
    }

    /** Reads up to {@code size} bytes into {@code buffer}. */
    public long read(int descriptor, long buffer, long size) {
        return READ.call(state, descriptor, buffer, size);
    }

    /** Writes up to {@code size} bytes from {@code buffer}. */
    public long write(int descriptor, long buffer, long size) {
        return WRITE.call(state, descriptor, buffer, size);
    }

    /** Closes {@code descriptor}. On Linux it is closed even when EINTR is returned: never repeat the call. */
    public int close(int descriptor) {
        return CLOSE.callInt(state, descriptor);
    }
}
