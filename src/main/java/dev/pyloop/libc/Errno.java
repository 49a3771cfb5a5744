package dev.pyloop.libc;

/** The error numbers the engine reacts to, as Linux defines them on every architecture it supports. */
public final class Errno {
    /** Operation not permitted; epoll's answer to a regular file. */
    public static final int EPERM = 1;
    /** No such file or directory; epoll's answer to a descriptor it does not watch. */
    public static final int ENOENT = 2;
    /** Interrupted by a signal. */
    public static final int EINTR = 4;
    /** Bad file descriptor. */
    public static final int EBADF = 9;
    /** File exists; epoll's answer to a descriptor it watches already. */
    public static final int EEXIST = 17;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** Function not implemented by this kernel. */
    public static final int ENOSYS = 38;

    private Errno() {}
}
