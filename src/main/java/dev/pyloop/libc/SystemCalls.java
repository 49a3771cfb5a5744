package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/**
 * The system calls of the reactor. Each returns what the kernel returns, or the negated errno: {@code -Errno.EBADF}.
 *
 * <p>An instance carries the errno of its last call, so it serves one thread at a time.
 */
public final class SystemCalls {
    private static final MethodHandle EPOLL_CREATE1 = link("epoll_create1", "(I)I");
    private static final MethodHandle EPOLL_CTL = link("epoll_ctl", "(IIIJ)I");
    private static final MethodHandle EVENTFD = link("eventfd", "(II)I");
    static final MethodHandle READ = link("read", "(IJJ)J");
    static final MethodHandle WRITE = link("write", "(IJJ)J");
    static final MethodHandle CLOSE = link("close", "(I)I");

    private final ErrnoState state = new ErrnoState();

    /** Makes an epoll descriptor, which is the caller's. */
    public int epollCreate1(int flags) {
        try {
            return state.result((int) EPOLL_CREATE1.invokeExact(state.segment(), flags));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Adds, modifies or removes {@code descriptor}; {@code event} is the address of an {@link EpollEvent}. */
    public int epollCtl(int epoll, int operation, int descriptor, long event) {
        try {
            return state.result((int) EPOLL_CTL.invokeExact(state.segment(), epoll, operation, descriptor, event));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Makes an event counter, whose descriptor is the caller's. */
    public int eventfd(int initial, int flags) {
        try {
            return state.result((int) EVENTFD.invokeExact(state.segment(), initial, flags));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Reads up to {@code size} bytes into {@code buffer}. */
    public long read(int descriptor, long buffer, long size) {
        try {
            return state.result((long) READ.invokeExact(state.segment(), descriptor, buffer, size));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Writes up to {@code size} bytes from {@code buffer}. */
    public long write(int descriptor, long buffer, long size) {
        try {
            return state.result((long) WRITE.invokeExact(state.segment(), descriptor, buffer, size));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Closes {@code descriptor}. On Linux it is closed even when EINTR is returned: never repeat the call. */
    public int close(int descriptor) {
        try {
            return state.result((int) CLOSE.invokeExact(state.segment(), descriptor));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    static MethodHandle link(String name, String signature) {
        return NativeLinker.systemCall(NativeLinker.libcSymbol(name), signature);
    }
}
