package dev.pyloop.bridge;

import org.jspecify.annotations.Nullable;

/** Something for a loop to hear of. Whoever posts it gives it up: its link is the mailbox's until the loop took it. */
abstract class Event {
    /** The one posted before this, and after the loop turned the list around the one posted after. */
    @Nullable
    Event next;

    /** Writes itself into a row of what the loop reads. The loop's thread. */
    abstract void report(Mailbox mailbox, int row);

    /** Called in place of {@link #report} if there is no loop any more to hear of it. Any thread. */
    void refuse() {}
}
