package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.Names;
import dev.pyloop.reactor.Interest;

/**
 * Futures that are done as soon as a descriptor is ready: what the loop's methods for plain sockets wait with.
 *
 * <p>The future itself is the handle. Nothing is read or written for it here: that is done by who awaits it, when it goes
 * on, so that nothing is lost if that was cancelled meanwhile. Guarded by the GIL.
 */
final class Waiters implements Source {
    private Waiters() {}

    /** Has the futures have turns. */
    static void enter() {
        Sources.enter(Sources.WAITER, new Waiters());
    }

    /** Has {@code future} done when {@code descriptor} is ready, given {@code (descriptor, kind, future)}. */
    static @Owned long watch(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        int descriptor = descriptor(arguments, count, names);
        if (loop.transports().hasForeign() || loop.transports().descriptors().get(descriptor) != Objects.NULL) {
            refuseIfTransport(self, Memory.getLong(arguments));
        }
        long handle = handle(arguments);
        if (loop.isClosed()) {
            throw PythonException.runtimeError("Event loop is closed");
        }
        int kind = kind(arguments);
        int result;
        try {
            result = loop.engine().readiness().watchOnce(descriptor, kind, References.retain(handle) | Sources.WAITER);
        } catch (OutOfMemoryError e) {
            References.release(handle);
            throw e;
        }
        if (result < 0) {
            References.release(handle);
            throw PythonException.osError(-result);
        }
        return Objects.none();
    }

    /** Undoes {@link #watch}, unless the future is done or another handle has taken its place. */
    static @Owned long unwatch(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.findOwn(self);
        int descriptor = descriptor(arguments, count, names);
        int kind = kind(arguments);
        if (loop != null
                && loop.engine().readiness().watcher(descriptor, kind) == (handle(arguments) | Sources.WAITER)) {
            loop.engine().readiness().unwatch(descriptor, kind);
        }
        return Objects.none();
    }

    @Override
    public boolean isOf(@Borrowed long object) {
        return true;
    }

    /** Ends the wait: the descriptor of {@code future} is ready. */
    @Override
    public boolean begin(Turn turn, @Borrowed long future, int kind) {
        long done = Errors.check(Calls.tryCallMethod(future, Names.DONE));
        References.release(done);
        if (done != Objects.TRUE) {
            References.release(Errors.check(Calls.tryCallMethod(future, Names.SET_RESULT, Objects.NONE)));
        }
        return false;
    }

    private static int descriptor(long arguments, long count, long names) {
        if (count != 3 || names != Objects.NULL) {
            throw PythonException.typeError("expected a descriptor, what to watch it for and a future");
        }
        long descriptor = Numbers.toLong(Memory.getLong(arguments));
        if (descriptor < 0 || !Arguments.isPossible(descriptor)) {
            throw PythonException.valueError("Invalid file descriptor: " + descriptor);
        }
        return (int) descriptor;
    }

    private static int kind(long arguments) {
        return Numbers.toLong(Memory.getLong(arguments + Long.BYTES)) == Interest.READ ? Interest.READ : Interest.WRITE;
    }

    private static @Borrowed long handle(long arguments) {
        return Memory.getLong(arguments + 2 * Long.BYTES);
    }

    private static void refuseIfTransport(long self, long descriptor) {
        References.release(Errors.check(Calls.tryCallMethod(self, Names.ENSURE_FD_NO_TRANSPORT, descriptor)));
    }
}
