package dev.pyloop.transport;

/**
 * Whom a stream belongs to: who keeps memory alive for it and hears what becomes of it.
 *
 * <p>Called with the loop's lock held. Methods may call back into the stream, and may throw
 * what is to leave the event loop.
 */
public interface StreamOwner extends ChunkOwner {
    /** Gives up the memory of a chunk; calls nobody back, because it comes in the middle of sending. */
    @Override
    void releaseChunk(long token);

    /** Returns the descriptor; -1 if somebody closed it without telling. Never calls back. */
    int openDescriptor();

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

    /** The stream is closed or about to be, from now on. Never calls back. */
    void closing();

    /** More waits to be sent than the high-water mark allows. */
    void pauseWriting();

    /** No more waits to be sent than the low-water mark allows, after {@link #pauseWriting}. */
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
