package dev.pyloop.loop;

import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;

/**
 * Ends the loop's sleep. The interpreter writes the number of each signal into the pipe, and the loop's poller watches its
 * reading end. Other threads wake the poller by the writing end, without writing a byte.
 *
 * <p>Owns both ends. Code that waits for signals, reads them or has them written borrows the numbers.
 * Guarded by the host's lock.
 */
public final class SelfPipe implements AutoCloseable {
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int CLOSED = -1;

    private final SystemCalls calls = new SystemCalls();
    /** Where {@code pipe2} puts its two descriptors. */
    private final NativeBuffer ends = new NativeBuffer(2 * Integer.BYTES);

    private int reader = CLOSED;
    private int writer = CLOSED;

    /** Opens the pipe. */
    SelfPipe() {
        int result = makePipe();
        if (result < 0) {
            ends.close();
            throw new SystemCallException("pipe2", -result);
        }
        reader = end(0);
        writer = end(1);
    }

    /** Returns the end for the poller to watch; -1 once closed. */
    public int reader() {
        return reader;
    }

    /** Returns the end for signals to be written to; -1 once closed. */
    public int writer() {
        return writer;
    }

    /**
     * Puts a new pipe under the numbers of the one that the child of a fork shares with its parent.
     *
     * @return 0 or the negated errno, which leaves the old one in place
     */
    int afterFork() {
        int result = makePipe();
        if (result < 0) {
            return result;
        }
        int newReader = end(0);
        int newWriter = end(1);
        result = calls.dup3(newReader, reader, O_CLOEXEC);
        if (result >= 0) {
            result = calls.dup3(newWriter, writer, O_CLOEXEC);
        }
        calls.close(newReader);
        calls.close(newWriter);
        return Math.min(result, 0);
    }

    private int makePipe() {
        return calls.pipe2(ends.address(), O_NONBLOCK | O_CLOEXEC);
    }

    private int end(int index) {
        return Memory.getInt(ends.address() + (long) index * Integer.BYTES);
    }

    @Override
    public void close() {
        if (writer != CLOSED) {
            calls.close(reader);
            calls.close(writer);
            reader = CLOSED;
            writer = CLOSED;
            ends.close();
        }
    }
}
