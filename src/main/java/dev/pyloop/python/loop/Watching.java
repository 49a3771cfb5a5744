package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.Stock;

/** The loop's methods that watch descriptors. Stateless; guarded by the GIL. */
final class Watching {
    private Watching() {}

    /** {@code EventLoop._add_reader(self, file, callback, *args, context=None)}, or {@code _add_writer}. */
    static @Owned long watch(@Borrowed long self, int kind, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        if (loop.isClosed()) {
            throw PythonException.runtimeError("Event loop is closed");
        }
        if (!Arguments.areUsual(2, count, names)) {
            throw PythonException.typeError("expected a file descriptor, a callback, its arguments and a context");
        }
        long descriptor = Arguments.descriptor(self, Memory.getLong(arguments));
        if (!Arguments.isPossible(descriptor)) {
            throw PythonException.overflowError("file descriptor " + descriptor + " is greater than any there can be");
        }
        long handle = watchHandle(loop, self, arguments, count, names);
        int result;
        try {
            result = loop.engine().readiness().watch((int) descriptor, kind, References.retain(handle));
        } catch (OutOfMemoryError e) {
            References.release(handle);
            References.release(handle);
            throw e;
        }
        if (result < 0) {
            References.release(handle);
            References.release(handle);
            throw PythonException.osError(-result);
        }
        return handle;
    }

    private static @Owned long watchHandle(LoopObject loop, long self, long arguments, long count, long names) {
        long callback = Memory.getLong(arguments + Long.BYTES);
        long args = Tuples.copyOf(arguments + 2 * Long.BYTES, count - 2);
        if (loop.isDebug()) {
            // It remembers where it was made.
            try {
                boolean given = names != Objects.NULL;
                return Stock.handle(
                        callback, args, self, given ? Memory.getLong(arguments + count * Long.BYTES) : Objects.NONE);
            } finally {
                References.release(args);
            }
        }
        long context = Arguments.context(arguments, count, names);
        long handle = Scheduling.handle(Handles.SOON, loop, self, References.retain(callback), args, context);
        Types.track(handle);
        return handle;
    }

    /** {@code EventLoop._remove_reader(self, file)}, or {@code _remove_writer}. */
    static @Owned long unwatch(@Borrowed long self, int kind, @Borrowed long file) {
        LoopObject loop = Loops.findOwn(self);
        if (loop == null || loop.isClosed()) {
            return Objects.bool(false);
        }
        long descriptor = Arguments.descriptor(self, file);
        return Objects.bool(
                Arguments.isPossible(descriptor) && loop.engine().readiness().unwatch((int) descriptor, kind));
    }

    /** {@code EventLoop._reader(self, descriptor)}, or {@code _writer}. */
    static @Owned long watcher(@Borrowed long self, int kind, @Borrowed long descriptor) {
        LoopObject loop = Loops.findOwn(self);
        long number = Numbers.toLongSaturated(descriptor);
        if (loop == null || number < 0 || !Arguments.isPossible(number)) {
            return Objects.none();
        }
        long handle = loop.engine().readiness().watcher((int) number, kind);
        return handle == Objects.NULL ? Objects.none() : References.retain(Sources.object(handle));
    }
}
