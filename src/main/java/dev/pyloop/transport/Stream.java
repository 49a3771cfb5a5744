package dev.pyloop.transport;

import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.Transfers;
import dev.pyloop.reactor.Interest;
import org.jspecify.annotations.Nullable;

/**
 * A connected, non-blocking stream socket or the end of a pipe: what waits to be sent, what the descriptor is watched for, and how it ends.
 *
 * <p>What is written waits for the end of the iteration, or until many streams wait; then for the socket to have room:
 *
 * <pre>
 *   idle      nothing waits                           no queue
 *   listed    to be sent when the callbacks have run  queue, in the loop's {@link FlushList}
 *   blocked   the socket is full                      queue, descriptor watched for writing
 * </pre>
 *
 * <p>Large amounts are not put off: they are tried at once, as is everything that is written outside a callback.
 *
 * <p>The descriptor is the owner's, who closes it in {@link StreamOwner#connectionLost}. Guarded by the loop's lock.
 */
public final class Stream extends Flushable {
    /** What waits for the end of an iteration, in bytes, before it is sent without waiting any longer. */
    private static final long MAX_LISTED = 32 * 1024;

    private static final long NEVER = -1;

    private final StreamIo io;
    private final Transfers transfers;
    private final StreamOwner owner;
    private final int descriptor;

    private @Nullable WriteQueue queue;
    private boolean listed;
    private boolean blocked;
    private boolean watchedForWriting;
    private boolean reading;
    private boolean watchesPeer;
    private boolean writingPaused;
    private boolean eof;
    private boolean closing;
    private int lost;
    private long readingSince = NEVER;
    private WaterMarks marks = WaterMarks.USUAL;

    /**
     * Makes the stream of {@code descriptor}, which is watched for nothing yet.
     *
     * @param transfers how bytes get in and out
     */
    public Stream(StreamIo io, Transfers transfers, int descriptor, StreamOwner owner) {
        this.io = io;
        this.transfers = transfers;
        this.descriptor = descriptor;
        this.owner = owner;
    }

    /** Receives up to {@code size} bytes at {@code address}; 0 at the end, or the negated errno. */
    public long receive(long address, long size) {
        long result = transfers.receive(owner.openDescriptor(), address, size);
        io.metrics().received(result);
        return result;
    }

    /** Starts to watch for something to read; EEXIST and the like cannot happen, lack of memory can. */
    public void startReading() {
        io.mustWatch(descriptor, Interest.READ, owner.readHandle());
        reading = true;
        readingSince = io.loop().iteration();
    }

    /**
     * Watches as {@link #startReading} does, but until the very end: what can be read is that nobody reads at the other
     * end any more, which counts as long as there is something to send.
     */
    public void watchPeer() {
        watchesPeer = true;
        startReading();
    }

    /** Ends what {@link #startReading} began, if it did. */
    public void stopReading() {
        if (reading) {
            reading = false;
            io.loop().readiness().unwatch(descriptor, Interest.READ);
        }
    }

    /** Tells whether a report that there is something to read still counts: reading was not stopped since it was made. */
    public boolean isReadable() {
        return reading && readingSince != io.loop().iteration();
    }

    /** Sends a chunk of at least one byte, whose token it takes over, behind all that was written before. */
    public void write(long address, long length, long token) {
        append(address, length, token);
        written();
    }

    /** Appends a chunk as {@link #write} does; {@link #written} must follow. Where memory is short, the token is given up. */
    public void append(long address, long length, long token) {
        try {
            queue().add(address, length, token);
        } catch (OutOfMemoryError e) {
            owner.releaseChunk(token);
            throw e;
        }
    }

    /** Sends what was appended, now or at the end of the iteration. */
    public void written() {
        if (blocked) {
            pauseWritingIfAbove();
        } else if (io.defers() && size() <= Math.min(MAX_LISTED, marks.high())) {
            list();
        } else {
            flush();
        }
    }

    /**
     * Tries to send {@code length} bytes at {@code address} at once, provided nothing waits before them.
     *
     * @return how many were taken; the rest is still to be written
     */
    public long tryToSend(long address, long length) {
        if (queue != null) {
            return 0;
        }
        long sent = transfers.send(owner.openDescriptor(), address, length);
        io.metrics().sent(sent);
        if (sent >= 0 || Errno.saysLater(sent)) {
            return Math.max(sent, 0);
        }
        fail(sent);
        return length;
    }

    /** Sends what waits for the end of the iteration. */
    public void flush() {
        if (queue == null || blocked) {
            return;
        }
        long result = send();
        if (result < 0) {
            fail(result);
        } else if (queue != null) {
            block();
            pauseWritingIfAbove();
        }
    }

    /** Goes on sending: the socket has room again. */
    public void writable() {
        if (!blocked || lost != 0) {
            return;
        }
        long result = send();
        if (result < 0) {
            fail(result);
            return;
        }
        blocked = queue != null;
        if (writingPaused && owner.writeBufferSize(size()) <= marks.low()) {
            writingPaused = false;
            owner.resumeWriting();
        } else {
            finishIfSent();
        }
    }

    /** Goes on after {@link StreamOwner#resumeWriting}: sends what was written in it. */
    public void resumed() {
        flush();
        finishIfSent();
    }

    /** What leaves the loop out of {@link StreamOwner#resumeWriting}, as an interrupt does, leaves the rest to the next report of room. */
    public void notResumed() {
        if (watchedForWriting) {
            blocked = true;
        }
    }

    /** Returns how many bytes the socket had no room for. */
    public long pendingSize() {
        flushNow();
        return size();
    }

    /** Sets the marks of flow control, in bytes. */
    public void setLimits(long high, long low) {
        flushNow();
        marks = new WaterMarks(high, low);
        pauseWritingIfAbove();
    }

    /** Tells whether the owner was last asked to pause writing, not to resume. */
    public boolean isWritingPaused() {
        return writingPaused;
    }

    /** Ends the outgoing half when all is sent. */
    public void writeEof() {
        if (closing || eof) {
            return;
        }
        eof = true;
        flushNow();
        if (queue == null && lost == 0) {
            check(io.calls().shutdownWriting(owner.openDescriptor()));
        }
    }

    /** Tells whether {@link #writeEof} was called. */
    public boolean isEof() {
        return eof;
    }

    /** Sends what waits and then ends the connection. */
    public void close() {
        flushNow();
        if (closing) {
            return;
        }
        closing = true;
        owner.closing();
        if (queue == null || !watchesPeer) {
            stopReading();
        }
        if (queue == null) {
            lost++;
            stopWatchingForWriting();
            owner.connectionLostSoon();
        }
    }

    /** Ends the connection without waiting for what the socket has no room for; false if it has ended already. */
    public boolean abort() {
        if (lost != 0) {
            return false;
        }
        dispose();
        owner.connectionLostSoon();
        return true;
    }

    /** Tells whether {@link #close} or {@link #abort} was called, or an error ended the connection. */
    public boolean isClosing() {
        return closing;
    }

    /** Tells whether writing is of no use any more. */
    public boolean isLost() {
        return lost != 0;
    }

    /** Counts a write that is of no use any more, and returns how many there were before, with the end itself. */
    public int countLostWrite() {
        return lost++;
    }

    /** Ends the connection as {@link #abort} does, for an owner that is not to be told. */
    public void dispose() {
        if (queue != null && !blocked) {
            // Errors do not count any more.
            long ignored = send();
        }
        dropQueue();
        stopWatchingForWriting();
        closing = true;
        owner.closing();
        stopReading();
        lost++;
    }

    /** Sends what waits for the end of the iteration, if anything does: now, when it is about to, or before a read. */
    @Override
    public void flushListed() {
        if (!listed) {
            return;
        }
        listed = false;
        long surroundings = owner.beginFlush();
        try {
            flush();
        } finally {
            owner.endFlush(surroundings);
        }
    }

    /** Sends what waits before something else is done, in the surroundings in which it was put off if it was. */
    public void flushNow() {
        if (listed) {
            flushListed();
        } else {
            flush();
        }
    }

    private long size() {
        return queue == null ? 0 : queue.size();
    }

    private WriteQueue queue() {
        if (queue == null) {
            queue = io.takeQueue();
        }
        return queue;
    }

    private void list() {
        if (!listed) {
            owner.putOff();
            io.flushList().add(this);
            listed = true;
        }
    }

    /** Sends as much as the socket has room for; without a queue afterwards if that is all. Negated errno on failure. */
    private long send() {
        WriteQueue waiting = queue;
        if (waiting == null) {
            return 0;
        }
        long result = waiting.send(transfers, owner, io);
        if (waiting.isEmpty()) {
            queue = null;
            io.keepQueue(waiting);
        }
        return Errno.saysLater(result) ? 0 : result;
    }

    private void block() {
        if (!watchedForWriting) {
            int result = io.watch(descriptor, Interest.WRITE, owner.writeHandle());
            if (result < 0) {
                fail(result);
                return;
            }
            watchedForWriting = true;
        }
        blocked = true;
        owner.writingBlocked();
    }

    private void stopWatchingForWriting() {
        blocked = false;
        if (watchedForWriting) {
            watchedForWriting = false;
            io.loop().readiness().unwatch(descriptor, Interest.WRITE);
        }
    }

    private void pauseWritingIfAbove() {
        if (!writingPaused && owner.writeBufferSize(size()) > marks.high()) {
            writingPaused = true;
            owner.pauseWriting();
        }
    }

    private void finishIfSent() {
        if (queue == null && lost == 0) {
            stopWatchingForWriting();
            finishWriting();
        }
    }

    private void finishWriting() {
        owner.drained();
        if (closing) {
            stopReading();
            lost++;
            owner.connectionLost();
        } else if (eof) {
            check(io.calls().shutdownWriting(owner.openDescriptor()));
        }
    }

    private void fail(long result) {
        int lostChunks = queue == null || blocked ? 0 : queue.count() - 1;
        stopWatchingForWriting();
        dropQueue();
        owner.writeFailed((int) -result, lostChunks);
    }

    private void dropQueue() {
        WriteQueue dropped = queue;
        if (dropped != null) {
            queue = null;
            dropped.clear(owner);
            io.keepQueue(dropped);
        }
    }

    private static void check(int result) {
        if (result < 0) {
            throw new SystemCallException("shutdown", -result);
        }
    }
}
