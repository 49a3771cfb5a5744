package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.SystemCall;

/**
 * Transfers through descriptors of any kind: pipes, character devices, sockets too.
 *
 * <p>Writing to a pipe that nobody reads raises SIGPIPE, which Python ignores, so that EPIPE is returned.
 */
public final class PipeCalls implements Transfers {
    /** What programs that write one piece at a time do without. */
    private static final class Rare {
        static final SystemCall WRITEV = SystemCall.of("writev");
    }

    private final ErrnoState state = new ErrnoState();

    @Override
    public long receive(int descriptor, long buffer, long size) {
        return SystemCalls.READ.call(state, descriptor, buffer, size);
    }

    @Override
    public long send(int descriptor, long buffer, long size) {
        return SystemCalls.WRITE.call(state, descriptor, buffer, size);
    }

    @Override
    public long send(int descriptor, long vector, int count) {
        return Rare.WRITEV.call(state, descriptor, vector, count);
    }
}
