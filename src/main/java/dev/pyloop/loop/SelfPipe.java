package dev.pyloop.loop;

import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;

/**
 * Ends the loop's sleep: the interpreter writes the number of each signal into a pipe whose other end the loop's poller
 * watches, and by the end that is written to the poller is woken, without a byte.
 *
 * <p>Owns both ends. Whoever waits for signals borrows their numbers. What was read waits here until it is
 * {@linkplain #takeSignals taken}.
 */
public final class SelfPipe implements AutoCloseable {
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int CLOSED = -1;

    /** Where {@code pipe2} puts its two descriptors. */
    private static final long ENDS = 0;

    private static final long SIGNALS = ENDS + 2 * Integer.BYTES;
    private static final long CAPACITY = 240;

    private final SystemCalls writing = new SystemCalls();
    private final SystemCalls reading = new SystemCalls();
    private final NativeBuffer memory = new NativeBuffer(SIGNALS + CAPACITY);
    private int reader = CLOSED;
    private int writer = CLOSED;
    private long signals;

    /** Opens the pipe. */
    SelfPipe() {
        int result = makePipe();
        if (result < 0) {
            memory.close();
            throw new SystemCallException("pipe2", -result);
        }
        reader = end(0);
        writer = end(1);
    }

    /** Returns the end for the poller to watch; -1 once closed. */
    public synchronized int reader() {
        return reader;
    }

    /** Returns the end for signals to be written to; -1 once closed. */
    public synchronized int writer() {
        return writer;
    }

    /**
     * Makes the pipe unreadable again, unless it holds more than fits in here. The loop's thread.
     *
     * @return whether there are signals to {@linkplain #takeSignals take}
     */
    synchronized boolean drain() {
        if (reader != CLOSED && signals == 0) {
            signals = Math.max(0, reading.read(reader, memory.address() + SIGNALS, CAPACITY));
        }
        return signals != 0;
    }

    /** Hands out the numbers of the signals that {@link #drain} found; none if there were none. */
    public synchronized byte[] takeSignals() {
        byte[] taken = Memory.getBytes(memory.address() + SIGNALS, (int) signals);
        signals = 0;
        return taken;
    }

    /**
     * Puts a new pipe under the numbers of the one that the child of a fork shares with its parent.
     *
     * @return 0 or the negated errno, which leaves the old one in place
     */
    synchronized int afterFork() {
        int result = makePipe();
        if (result < 0) {
            return result;
        }
        int newReader = end(0);
        int newWriter = end(1);
        result = writing.dup3(newReader, reader, O_CLOEXEC);
        if (result >= 0) {
            result = writing.dup3(newWriter, writer, O_CLOEXEC);
        }
        writing.close(newReader);
        writing.close(newWriter);
        signals = 0;
        return Math.min(result, 0);
    }

    private int makePipe() {
        return writing.pipe2(memory.address() + ENDS, O_NONBLOCK | O_CLOEXEC);
    }

    private int end(int index) {
        return Memory.getInt(memory.address() + ENDS + (long) index * Integer.BYTES);
    }

    @Override
    public synchronized void close() {
        if (writer != CLOSED) {
            writing.close(reader);
            writing.close(writer);
            reader = CLOSED;
            writer = CLOSED;
            signals = 0;
            memory.close();
        }
    }
}
