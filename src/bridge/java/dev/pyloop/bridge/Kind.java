package dev.pyloop.bridge;

/** What the loop is told by a row, in its lowest bits: {@code _events.py} has the same numbers. */
final class Kind {
    static final int BITS = 8;

    /** A future has a value. */
    static final int VALUE = 1;
    /** A future has the value null. */
    static final int NULL = 2;
    /** A future failed; the value is the exception, none of those that only wrap another. */
    static final int ERROR = 3;
    /** A future failed with an exception of Python's, which the value is. */
    static final int PYTHON_ERROR = 4;
    /** A future was cancelled. */
    static final int CANCELLED = 5;
    /** Java wants a task cancelled. */
    static final int CANCEL = 6;
    /** A subscription has items, or its end, after it had none. */
    static final int ITEMS = 7;
    /** A subscriber of a publisher of Python's: the value is its {@link Outlet}. */
    static final int SUBSCRIBED = 8;
    /** That subscriber wants items after it wanted none. */
    static final int WANTED = 9;
    /** A method of a Python object is called: the value is the {@link Call}. */
    static final int CALL = 10;
    /** A task is to run after a delay, in nanoseconds above the kind's bits. */
    static final int SCHEDULE = 11;
    /** It is not to run any more. */
    static final int UNSCHEDULE = 12;
    /** Work failed; the value is the exception. */
    static final int FAILURE = 13;
    /** The virtual machine ends. */
    static final int END = 14;

    private Kind() {}
}
