package dev.pyloop.transport;

/** What can be in a {@link FlushList}. */
interface Flushable {
    /** Sends what waits; this is not in the list any more. */
    void flushListed();
}
