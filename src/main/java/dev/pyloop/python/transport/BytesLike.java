package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Buffers;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.Imports;

/** What programs give streams to send, or to receive into. Stateless; called with the GIL held. */
final class BytesLike {
    private static final long BYTEARRAY = Imports.attribute("builtins", "bytearray");
    private static final long MEMORYVIEW = Imports.attribute("builtins", "memoryview");

    private BytesLike() {}

    /** Tells whether data is of one of the types, other than bytes, that can be written. */
    static boolean isBuffer(@Borrowed long data) {
        return Objects.isInstance(data, BYTEARRAY) || Objects.isInstance(data, MEMORYVIEW);
    }

    /** Tells whether nothing of the program's is called for the memory of {@code buffer}. */
    static boolean isPlainBuffer(@Borrowed long buffer) {
        long type = Objects.type(buffer);
        return type == BYTEARRAY || type == MEMORYVIEW;
    }

    /** Tells whether nothing of the program's is called for the memory of any of the {@code count} objects. */
    static boolean arePlain(@Borrowed long items, long count) {
        for (long i = 0; i < count; i++) {
            long item = Memory.getLong(items + i * Long.BYTES);
            if (!Bytes.isBytes(item) && !isPlainBuffer(item)) {
                return false;
            }
        }
        return true;
    }

    /** Returns bytes objects of equal contents for bytes-like ones; the same where it is bytes already. */
    static @Owned long[] toBytes(@Borrowed long items, long count) {
        long[] chunks = new long[Math.toIntExact(count)];
        int converted = 0;
        try {
            while (converted < chunks.length) {
                long item = Memory.getLong(items + (long) converted * Long.BYTES);
                chunks[converted] = toBytes(item);
                converted++;
            }
            return chunks;
        } catch (PythonException | OutOfMemoryError e) {
            while (converted > 0) {
                References.release(chunks[--converted]);
            }
            throw e;
        }
    }

    private static @Owned long toBytes(@Borrowed long object) {
        if (Bytes.isBytes(object)) {
            return Bytes.plain(object);
        }
        try (Buffers view = Buffers.of(object)) {
            return Bytes.copyOf(view.address(), view.size());
        }
    }
}
