package dev.pyloop.transport;

/**
 * The owner of a stream: keeps memory alive for it and hears what becomes of it.
 *
 * <p>Called with the loop's lock held. The owner only notes what it hears, and acts on it when the stream has returned.
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

    /** Saves the current context, in which what is put off will be sent, and keeps the owner alive until then. */
    void putOff();

    /**
     * Enters the context that {@link #putOff} saved, because what was put off is sent now.
     *
     * @return what {@link #endFlush} is to be given, which follows
     */
    long beginFlush();

    /** Undoes {@link #beginFlush} and the {@link #putOff} before it. */
    void endFlush(long surroundings);

    /** The stream is closing, or is closed. */
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

    /** Saves the current context; {@link Stream#writable} will run in it. */
    void writingBlocked();

    /**
     * Sending failed: the connection is lost, and nothing waits to be sent any more.
     *
     * @param errno why
     * @param lostChunks chunks queued behind the failed one; asyncio would have counted each as a write to a lost connection
     */
    void writeFailed(int errno, int lostChunks);

    /** All that waited has been sent, after some of it had to wait. */
    void drained();

    /** The connection is over and nobody watches the descriptor any more; called once, and from the event loop. */
    void connectionLost();

    /** As {@link #connectionLost}, which is to be called in the next iteration. */
    void connectionLostSoon();
}
