package dev.pyloop.transport;

/** What can be in a {@link FlushList}. */
interface Flushable {
    /** Sends what waits for the end of the callback; this is not in the list any more. */
    void flushListed();
}
