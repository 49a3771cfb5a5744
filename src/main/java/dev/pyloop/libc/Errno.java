package dev.pyloop.libc;

/** The error numbers the engine reacts to, as Linux defines them on every architecture it supports. */
public final class Errno {
    /** Operation not permitted; epoll's answer to a regular file. */
    public static final int EPERM = 1;
    /** No such file or directory; epoll's answer to a descriptor it does not watch. */
    public static final int ENOENT = 2;
    /** Interrupted by a signal. */
    public static final int EINTR = 4;
    /** Try again: nothing there now, or no room. */
    public static final int EAGAIN = 11;
    /** Bad file descriptor. */
    public static final int EBADF = 9;
    /** File exists; epoll's answer to a descriptor it watches already. */
    public static final int EEXIST = 17;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** Function not implemented by this kernel. */
    public static final int ENOSYS = 38;

    /** The machine is not on the network. */
    public static final int ENONET = 64;
    /** Protocol error. */
    public static final int EPROTO = 71;
    /** Protocol not available. */
    public static final int ENOPROTOOPT = 92;
    /** The network is down. */
    public static final int ENETDOWN = 100;
    /** The network cannot be reached. */
    public static final int ENETUNREACH = 101;
    /** The connection was reset before it was accepted. */
    public static final int ECONNABORTED = 103;

    /** The host is down. */
    public static final int EHOSTDOWN = 112;
    /** There is no way to the host. */
    public static final int EHOSTUNREACH = 113;

    private Errno() {}

    /** Tells of what a system call answers whether it says to try again later, and not that something is wrong. */
    public static boolean saysLater(long result) {
        return result == -EAGAIN || result == -EINTR;
    }
}
