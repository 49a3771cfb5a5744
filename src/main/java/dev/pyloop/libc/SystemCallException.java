package dev.pyloop.libc;

/** A system call that failed in a way its caller cannot go on from. */
public final class SystemCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** Says which call failed, and with which errno. */
    public SystemCallException(String call, int errno) {
        super(call + " failed with errno " + errno);
        this.errno = errno;
    }

    /** Returns the errno of the failed call. */
    public int errno() {
        return errno;
    }
}
