package dev.pyloop.transport;

import dev.pyloop.libc.Errno;
import dev.pyloop.loop.Metrics;
import dev.pyloop.reactor.Interest;
import org.jspecify.annotations.Nullable;

/**
 * A non-blocking datagram socket: how many datagrams are received at a time, and which are sent together.
 *
 * <p>The first datagram that a callback sends leaves at once. It may be the only one, and its receiver should
 * not wait for the rest of the callback. Those that follow leave together when the callback returns:
 *
 * <pre>
 *   idle      the next datagram is sent at once
 *   listed    one was sent in this callback     in the loop's {@link FlushList}
 *   waiting   others follow it                  the same, with a queue
 * </pre>
 *
 * <p>A datagram that the system does not take is the owner's affair: this class never waits for room. The descriptor is
 * the owner's too. Guarded by the loop's lock.
 */
public final class DatagramSocket extends Flushable {
    /** What waits for the end of a callback, in bytes, before it is sent without waiting any longer. */
    private static final long MAX_WAITING = 256 * 1024;

    private static final int MIN_BATCH = 2;
    private static final int GROWTH = 4;
    /** A power of two. */
    private static final int TURNS_BETWEEN_TRIES = 16;

    private static final long NEVER = -1;

    private final DatagramIo io;
    private final DatagramOwner owner;
    private final int descriptor;
    private final long readHandle;
    private final int room;
    private final int maxBatch;

    private int batch = MIN_BATCH;
    private boolean full;
    private boolean moreCame;
    private int turnsWithoutMore;
    private long readingSince = NEVER;
    private long lastTurn = NEVER;

    private @Nullable DatagramQueue queue;
    private boolean listed;

    /**
     * Makes the socket of {@code descriptor}, which is watched for nothing yet.
     *
     * @param readHandle what the loop runs when there is something to read; it calls {@link #beginTurn} first
     * @param maxDatagram the size of the largest datagram it may receive
     */
    public DatagramSocket(DatagramIo io, int descriptor, DatagramOwner owner, long readHandle, int maxDatagram) {
        this.io = io;
        this.owner = owner;
        this.descriptor = descriptor;
        this.readHandle = readHandle;
        room = maxDatagram;
        maxBatch = DatagramInput.count(maxDatagram);
    }

    /** Starts to watch for something to read. */
    public void startReading() {
        io.shared().mustWatch(descriptor, Interest.READ, readHandle);
        readingSince = io.shared().loop().iteration();
    }

    /** Tells whether the descriptor is watched for something to read, and by this socket. */
    public boolean isReading() {
        return io.shared().loop().readiness().watcher(descriptor, Interest.READ) == readHandle;
    }

    /** Tells whether the turn to read counts: it is the first of this iteration, and reading began before. */
    public boolean beginTurn() {
        long iteration = io.shared().loop().iteration();
        if (!isReading() || readingSince == iteration || lastTurn == iteration) {
            return false;
        }
        lastTurn = iteration;
        return true;
    }

    /**
     * Receives datagrams to the loop's {@link DatagramInput}: one if others wait for their turn in the loop, else as many
     * as experience suggests. {@link #endTurn} follows.
     *
     * @return how many, or the negated errno
     */
    public int receive() {
        int limit = io.shared().loop().isIdle() ? batch : 1;
        int count = io.calls().receive(owner.openDescriptor(), io.input().prepare(limit, room), limit);
        full = count == limit;
        io.shared().metrics().receivedDatagrams(count);
        return count;
    }

    /**
     * Tells whether to receive again in the same turn, which is right where nothing else is watched, and pays off where
     * more comes in the meantime, as experience tells: it did the last time, or that was long ago.
     */
    public boolean mayReceiveMore() {
        return io.shared().loop().readiness().watchesOne()
                && (moreCame || (++turnsWithoutMore & (TURNS_BETWEEN_TRIES - 1)) == 0);
    }

    /** Takes note whether something was there when it was received again. */
    public void noteMore(boolean moreCame) {
        this.moreCame = moreCame;
    }

    /**
     * Takes note of what became of the datagrams that were received last.
     *
     * @param undisturbed whether the loop had nothing else to do, down to the last of them
     */
    public void endTurn(boolean undisturbed) {
        if (!undisturbed) {
            batch = 1;
        } else if (full) {
            batch = Math.min(batch * GROWTH, maxBatch);
        } else {
            batch = MIN_BATCH;
        }
    }

    /** Sends what waits, unless the next datagram will wait behind it. This may give the owner something to tell the program. */
    public void beginSend() {
        if (!io.shared().defers()) {
            flush();
        }
    }

    /**
     * Sends a datagram, now or when the callback returns. {@link #beginSend} comes first.
     *
     * @param name the address of the destination, of {@code nameLength} bytes, 0 for the connected peer
     * @param token keeps the memory of the datagram alive; the owner keeps a reference in {@code destination} likewise
     * @return 0, or the negated errno of a datagram that was not sent; then the tokens stay the caller's, and are the
     *     socket's otherwise, also where it throws
     */
    public long send(long address, long length, long name, int nameLength, long token, long destination) {
        if (listed && io.shared().defers()) {
            put(address, length, name, nameLength, token, destination);
            return 0;
        }
        assert queue == null;
        long result = io.calls().send(owner.openDescriptor(), address, length, name, nameLength);
        Metrics metrics = io.shared().metrics();
        if (result < 0) {
            metrics.sentDatagrams(0);
            return result;
        }
        metrics.sentDatagrams(1);
        metrics.sentBytes(length);
        if (io.shared().defers()) {
            list();
        }
        owner.releaseChunk(token);
        owner.releaseChunk(destination);
        return 0;
    }

    /** Sends what waits for the end of the callback. */
    public void flush() {
        DatagramQueue waiting = queue;
        if (waiting == null) {
            return;
        }
        // From here on it is a queue of its own.
        queue = null;
        try {
            sendAll(waiting);
        } catch (OutOfMemoryError e) {
            // Without its name there might be no handler for it: see Upcalls.
            throw e;
        } finally {
            if (waiting.isEmpty()) {
                io.keepQueue(waiting);
            } else {
                putBack(waiting);
            }
        }
    }

    @Override
    public void flushListed() {
        listed = false;
        try {
            flush();
        } finally {
            owner.release();
        }
    }

    private void put(long address, long length, long name, int nameLength, long token, long destination) {
        try {
            if (queue == null) {
                queue = io.takeQueue();
            }
            queue.add(address, length, token, destination, name, nameLength);
        } catch (OutOfMemoryError e) {
            owner.releaseChunk(token);
            owner.releaseChunk(destination);
            throw e;
        }
        if (queue.count() >= DatagramIo.MAX_BURST || queue.size() > MAX_WAITING) {
            flush();
        }
    }

    /** The owner threw what is to leave the loop: the rest is sent by the next flush, before what was put off since. */
    private void putBack(DatagramQueue rest) {
        DatagramQueue newer = queue;
        queue = rest;
        if (!listed) {
            list();
        }
        if (newer != null) {
            try {
                rest.takeAll(newer);
            } catch (OutOfMemoryError e) {
                // Datagrams may get lost, as those do for which a socket has no room.
                newer.removeFirst(newer.count(), owner);
            }
            io.keepQueue(newer);
        }
    }

    private void list() {
        listed = true;
        owner.retain();
        io.flushList().add(this);
    }

    /**
     * Sends a burst. Where it is cut short the reason is not known for sure, so each of the others is sent by itself: then
     * the kernel tells every error with the datagram that it belongs to.
     */
    private void sendAll(DatagramQueue waiting) {
        int burst = Math.min(waiting.count(), DatagramIo.MAX_BURST);
        waiting.describe(io.output(), burst);
        int sent = io.calls().send(owner.openDescriptor(), io.output(), burst);
        Metrics metrics = io.shared().metrics();
        metrics.sentDatagrams(sent);
        if (sent >= 0) {
            long before = waiting.size();
            waiting.removeFirst(sent, owner);
            metrics.sentBytes(before - waiting.size());
        } else if (!Errno.saysLater(sent)) {
            waiting.removeFirst(1, owner);
            owner.sendFailed(-sent);
        }
        while (!waiting.isEmpty()) {
            try {
                owner.sendNow(waiting.token(), waiting.destination());
            } finally {
                waiting.removeFirst(1, owner);
            }
        }
    }
}
