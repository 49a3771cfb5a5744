package dev.pyloop.cpython;

import org.jspecify.annotations.Nullable;

/**
 * A Python exception on its way through Java.
 *
 * <p>Either {@link #PENDING}: the interpreter's error indicator is set already; or one that {@link Upcalls} raises from
 * its symbol and message when it leaves Java. Has no Java stack: it is not a failure of Java code.
 */
public final class PythonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The error indicator is set; the exception is there. */
    @SuppressWarnings("StaticAssignmentOfThrowable") // it has neither a stack nor suppressed exceptions
    public static final PythonException PENDING = new PythonException(null, "the error indicator is set");

    private static final int NO_ERRNO = 0;

    private final @Nullable String symbol;
    private final int errno;

    private PythonException(@Nullable String symbol, String message, int errno) {
        super(message, null, false, false);
        this.symbol = symbol;
        this.errno = errno;
    }

    private PythonException(@Nullable String symbol, String message) {
        this(symbol, message, NO_ERRNO);
    }

    /** Makes the {@code OSError} of {@code errno}, of the subclass Python has for it. */
    public static PythonException osError(int errno) {
        return new PythonException("PyExc_OSError", "errno " + errno, errno);
    }

    /** Makes an {@code OverflowError}. */
    public static PythonException overflowError(String message) {
        return new PythonException("PyExc_OverflowError", message);
    }

    /** Makes a {@code TypeError}. */
    public static PythonException typeError(String message) {
        return new PythonException("PyExc_TypeError", message);
    }

    /** Makes a {@code ValueError}. */
    public static PythonException valueError(String message) {
        return new PythonException("PyExc_ValueError", message);
    }

    /** Makes a {@code RuntimeError}. */
    public static PythonException runtimeError(String message) {
        return new PythonException("PyExc_RuntimeError", message);
    }

    /** Sets the error indicator to this exception, unless it is set already. */
    void raise() {
        if (errno != NO_ERRNO) {
            Errors.setOsError(errno);
        } else if (symbol != null) {
            Errors.set(symbol, String.valueOf(getMessage()));
        }
    }
}
