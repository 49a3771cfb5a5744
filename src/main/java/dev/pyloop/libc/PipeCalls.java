package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/**
 * Transfers through descriptors of any kind: pipes, character devices, sockets too.
 *
 * <p>Writing to a pipe that nobody reads raises SIGPIPE, which Python ignores, so that EPIPE is returned.
 */
public final class PipeCalls implements Transfers {
    /** What programs that write one piece at a time do without. */
    private static final class Rare {
        static final MethodHandle WRITEV = SystemCalls.link("writev", "(IJI)J");
    }

    private final ErrnoState state = new ErrnoState();

    @Override
    public long receive(int descriptor, long buffer, long size) {
        try {
            return state.result((long) SystemCalls.READ.invokeExact(state.segment(), descriptor, buffer, size));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    @Override
    public long send(int descriptor, long buffer, long size) {
        try {
            return state.result((long) SystemCalls.WRITE.invokeExact(state.segment(), descriptor, buffer, size));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    @Override
    public long send(int descriptor, long vector, int count) {
        try {
            return state.result((long) Rare.WRITEV.invokeExact(state.segment(), descriptor, vector, count));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
