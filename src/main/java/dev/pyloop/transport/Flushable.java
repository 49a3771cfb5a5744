package dev.pyloop.transport;

import org.jspecify.annotations.Nullable;

/** What can be in a {@link FlushList}: in one, and once. Guarded by the loop's lock. */
abstract class Flushable {
    /** What is behind this one in the list, which alone uses it: to be listed takes no memory, and cannot fail. */
    @Nullable
    Flushable next;

    /** Whether it is in the list, be it that what waited was sent already. The list's own. */
    boolean inList;

    /** Sends what waits, if that was not done meanwhile; this is not in the list any more. */
    abstract void flushListed();
}
