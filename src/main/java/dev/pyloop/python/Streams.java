package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Buffers;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.Memory;
import org.jspecify.annotations.Nullable;

/** All stream transports, and what they need to know of Python's types. Guarded by the GIL. */
final class Streams {
    private static final JavaSides<StreamObject> ALL = new JavaSides<>(StreamLayout.JAVA_SIDE);

    private static final long BUFFERED_PROTOCOL = Imports.attribute("asyncio.protocols", "BufferedProtocol");
    private static final long BYTEARRAY = Imports.attribute("builtins", "bytearray");
    private static final long MEMORYVIEW = Imports.attribute("builtins", "memoryview");
    private static final boolean SERVERS_KNOW_TRANSPORTS =
            Imports.attribute("pyloop._stream_callbacks", "SERVERS_KNOW_TRANSPORTS") == Objects.TRUE;

    private Streams() {}

    /** The type with a Java side; NULL until it is built. */
    private static @Borrowed long type = Objects.NULL;

    static void setType(@Borrowed long built) {
        type = References.retain(built);
    }

    /** Tells whether an object of any kind is a stream transport of ours. */
    static boolean isStream(@Borrowed long object) {
        return type != Objects.NULL && Objects.isInstance(object, type);
    }

    /** Returns the transport behind {@code self}, or raises RuntimeError if it was not initialized. */
    static StreamObject get(@Borrowed long self) {
        StreamObject transport = ALL.find(self);
        if (transport == null) {
            throw PythonException.runtimeError("the transport is not initialized: __init__() was not called");
        }
        return transport;
    }

    /** Tells whether {@code self} was finalized: there is nothing behind it any more. */
    static boolean isFinalized(@Borrowed long self) {
        return ALL.isLeft(self);
    }

    /** Makes the Java side of {@code self}, which owns {@code descriptor} unless it has a Python socket. */
    static StreamObject open(@Borrowed long self, LoopObject loop, int descriptor, Medium medium) {
        if (ALL.find(self) != null) {
            throw PythonException.runtimeError("the transport is initialized already");
        }
        StreamObject transport = new StreamObject(self, loop, descriptor, medium);
        ALL.enter(self, transport);
        transport.claimDescriptor();
        return transport;
    }

    /** Returns the transport behind {@code self}; null if it was not initialized, or was finalized. */
    static @Nullable StreamObject find(@Borrowed long self) {
        return ALL.find(self);
    }

    /** Ends the Java side of {@code self}, if there is one. */
    static void dispose(@Borrowed long self) {
        StreamObject transport = ALL.find(self);
        if (transport != null) {
            try {
                transport.dispose();
            } finally {
                ALL.leave(self);
            }
        }
    }

    /** Tells whether a protocol provides the buffers to read into. */
    static boolean isBuffered(@Borrowed long protocol) {
        return Objects.isInstance(protocol, BUFFERED_PROTOCOL);
    }

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

    /** Tells a server that it has a transport more; raises, as servers do that were closed meanwhile. */
    static void attach(@Borrowed long server, @Borrowed long transport) {
        References.release(Errors.check(
                SERVERS_KNOW_TRANSPORTS
                        ? Calls.tryCallMethod(server, StreamNames.ATTACH, transport)
                        : Calls.tryCallMethod(server, StreamNames.ATTACH)));
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
