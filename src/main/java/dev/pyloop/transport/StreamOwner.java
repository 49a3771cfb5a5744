package dev.pyloop.transport;

/**
 * Whom a stream belongs to: who keeps memory alive for it and hears what becomes of it.
 *
 * <p>Called with the loop's lock held. What it hears it only takes note of: whatever is to be done about it, it does when
 * the stream has returned.
 */
public interface StreamOwner extends ChunkOwner {
    /** Gives up the memory of a chunk. */
    @Override
    void releaseChunk(long token);

    /** Returns the descriptor; -1 if somebody closed it without telling. */
    int openDescriptor();

    /** Returns what the loop runs when there is something to read; it calls {@link Stream#isReadable} first. */
    long readHandle();

    /** Returns what the loop runs when there is room to write; it calls {@link Stream#writable}. */
    long writeHandle();

    /** Sending is put off: the owner, and so the stream, stays alive, and remembers its surroundings. */
    void putOff();

    /**
     * What was put off is sent now: goes back to what {@link #putOff} kept.
     *
     * @return what {@link #endFlush} is to be given, which follows
     */
    long beginFlush();

    /** Undoes {@link #beginFlush} and the {@link #putOff} before it. */
    void endFlush(long surroundings);

    /** The stream is closed or about to be, from now on. */
    void closing();

    /** More waits to be sent than the high-water mark allows. */
    void pauseWriting();

    /**
     * No more waits to be sent than the low-water mark allows, after {@link #pauseWriting}. When all that this entails is
     * done, {@link Stream#resumed} follows, or {@link Stream#notResumed}.
     */
    void resumeWriting();

    /**
     * Returns how much is said to wait to be sent, by which flow control goes, where {@code size} bytes do. May call back into
     * the stream.
     */
    default long writeBufferSize(long size) {
        return size;
    }

    /** Keeps what the callback that is now to be woken up by writability shall find as it is now. */
    void writingBlocked();

    /**
     * Sending failed: the connection is lost, and nothing waits to be sent any more.
     *
     * @param errno why
     * @param lostChunks how many were written before that showed, which would have been known to be lost otherwise
     */
    void writeFailed(int errno, int lostChunks);

    /** All that waited has been sent, after some of it had to wait. */
    void drained();

    /** The connection is over and nobody watches the descriptor any more; called once, and from the event loop. */
    void connectionLost();

    /** As {@link #connectionLost}, which is to be called in the next iteration. */
    void connectionLostSoon();
}
