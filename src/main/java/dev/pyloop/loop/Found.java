package dev.pyloop.loop;

/** Hears what {@link EventLoop#select} has found. */
@FunctionalInterface
public interface Found {
    /** The descriptor of an operation that is over: what it was done with is known to who began it. */
    int NO_DESCRIPTOR = -1;

    /**
     * A descriptor is ready.
     *
     * @param reader what it is watched with for reading, if it can be read, and is the taker's now; otherwise 0
     * @param writer the same for writing
     */
    void accept(int descriptor, long reader, long writer);
}
