package dev.pyloop.transport;

/** What can be in a {@link FlushList}. */
interface Flushable {
    /** Sends what waits, if that was not done meanwhile; this is not in the list any more. */
    void flushListed();
}
