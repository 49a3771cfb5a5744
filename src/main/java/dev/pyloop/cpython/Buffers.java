package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/**
 * The memory of a bytes-like object, which does not move or change its size as long as this view of it is open.
 *
 * <pre>
 *   struct Py_buffer { void *buf; PyObject *obj; Py_ssize_t len; … };      80 bytes
 * </pre>
 *
 * <p>The caller that opens a view closes it. Callers hold the GIL.
 */
public final class Buffers implements AutoCloseable {
    private static final int PYBUF_SIMPLE = 0;
    private static final int PYBUF_WRITABLE = 1;
    private static final long SIZE = 80;
    private static final long LEN = 16;

    private static final NativeFunction GET = Interpreter.function("PyObject_GetBuffer");
    private static final NativeFunction RELEASE = Interpreter.function("PyBuffer_Release");

    private final NativeBuffer view = new NativeBuffer(SIZE);

    private Buffers(long object, int flags) {
        try {
            int status = (int) GET.call(object, view.address(), flags);
            Errors.check(status);
        } catch (Throwable t) {
            view.close();
            throw Errors.propagate(t);
        }
    }

    /** Opens a contiguous view; BufferError or TypeError if {@code object} has none. */
    public static Buffers of(@Borrowed long object) {
        return new Buffers(object, PYBUF_SIMPLE);
    }

    /** Opens a contiguous view to write to; BufferError or TypeError if {@code object} has none. */
    public static Buffers writable(@Borrowed long object) {
        return new Buffers(object, PYBUF_WRITABLE);
    }

    /** Returns the address of the first byte. */
    public long address() {
        return Memory.getLong(view.address());
    }

    /** Returns the number of bytes. */
    public long size() {
        return Memory.getLong(view.address() + LEN);
    }

    @Override
    public void close() {
        try {
            RELEASE.call(view.address());
        } finally {
            view.close();
        }
    }
}
