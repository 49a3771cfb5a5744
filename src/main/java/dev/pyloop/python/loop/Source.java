package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;

/** What has turns in a loop because a descriptor is ready: all transports of a type, or futures. Guarded by the GIL. */
public interface Source {
    /** Tells whether {@code object} is of this type, so that it can have turns of the kinds that it is entered for. */
    boolean isOf(@Borrowed long object);

    /**
     * Begins a turn of {@code object}. Whatever is thrown ends it.
     *
     * @param kind one of those of {@link Sources}
     * @return whether it has asked for a call; otherwise the turn is over
     */
    boolean begin(Turn turn, @Borrowed long object, int kind);
}
