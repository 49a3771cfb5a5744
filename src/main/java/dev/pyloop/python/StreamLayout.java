package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/**
 * Where {@code pyloop._stream_fields.StreamFields} keeps its {@code __slots__}: the references a transport owns.
 *
 * <p>In slots of a Python class rather than in Java, so that CPython itself shows them to its garbage collector, clears
 * them and gives them up. A slot is NULL until it is filled.
 */
final class StreamLayout {
    static final @Borrowed long TYPE = Imports.attribute("pyloop._stream_fields", "StreamFields");
    static final long LOOP = Types.slotOffset(TYPE, "_loop");
    static final long PROTOCOL = Types.slotOffset(TYPE, "_protocol");
    static final long SERVER = Types.slotOffset(TYPE, "_server");
    static final long SOCKET = Types.slotOffset(TYPE, "_socket");
    static final long CLOSING = Types.slotOffset(TYPE, "_closing");
    static final long EMPTY_WAITER = Types.slotOffset(TYPE, "_empty_waiter");
    static final long CONTEXT = Types.slotOffset(TYPE, "_context");
    static final long READ_CONTEXT = Types.slotOffset(TYPE, "_read_context");
    static final long WRITE_CONTEXT = Types.slotOffset(TYPE, "_write_context");

    /** Where the engine's type, which derives from that class, has the number of the transport in {@link Streams}. */
    static final long NUMBER = Types.basicSize(TYPE);
    /** Where it has the dict of what the program has set, NULL as long as it has set nothing. */
    static final long DICT = NUMBER + Long.BYTES;

    static final long SIZE = DICT + Long.BYTES;

    private StreamLayout() {}

    /** Returns the object in the slot at {@code offset}, or NULL. */
    static @Borrowed long get(@Borrowed long transport, long offset) {
        return Memory.getLong(transport + offset);
    }

    /** Fills the slot at {@code offset}, and gives up what was in it. */
    static void set(@Borrowed long transport, long offset, @Owned long object) {
        References.replaceSlot(transport + offset, object);
    }

    /** Tells whether the slot at {@code offset} holds something other than {@code None}. */
    static boolean has(@Borrowed long transport, long offset) {
        long object = get(transport, offset);
        return object != Objects.NULL && object != Objects.NONE;
    }
}
