package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/**
 * Where {@code pyloop._for_engine.stream_fields.StreamFields} keeps its {@code __slots__}: the references a transport owns.
 *
 * <p>They lie in slots of a Python class rather than in Java, so that CPython itself shows them to its garbage collector,
 * clears them and gives them up. A slot is NULL until it is filled.
 */
public final class StreamLayout {
    public static final @Borrowed long TYPE = Imports.attribute("pyloop._for_engine.stream_fields", "StreamFields");
    public static final long LOOP = Types.slotOffset(TYPE, "_loop");
    public static final long PROTOCOL = Types.slotOffset(TYPE, "_protocol");
    public static final long SERVER = Types.slotOffset(TYPE, "_server");
    public static final long SOCKET = Types.slotOffset(TYPE, "_socket");
    public static final long CLOSING = Types.slotOffset(TYPE, "_closing");
    public static final long EMPTY_WAITER = Types.slotOffset(TYPE, "_empty_waiter");
    public static final long CONTEXT = Types.slotOffset(TYPE, "_context");
    public static final long READ_CONTEXT = Types.slotOffset(TYPE, "_read_context");
    public static final long WRITE_CONTEXT = Types.slotOffset(TYPE, "_write_context");

    /** Where the engine's type, which derives from that class, has the number of the transport in {@link Streams}. */
    public static final long NUMBER = Types.basicSize(TYPE);
    /** Where it has the dict of what the program has set, NULL as long as it has set nothing. */
    public static final long DICT = NUMBER + Long.BYTES;

    public static final long SIZE = DICT + Long.BYTES;

    private StreamLayout() {}

    /** Returns the object in the slot at {@code offset}, or NULL. */
    public static @Borrowed long get(@Borrowed long transport, long offset) {
        return Memory.getLong(transport + offset);
    }

    /** Fills the slot at {@code offset}, and gives up what was in it. */
    public static void set(@Borrowed long transport, long offset, @Owned long object) {
        References.replaceSlot(transport + offset, object);
    }

    /** Tells whether the slot at {@code offset} holds something other than {@code None}. */
    public static boolean has(@Borrowed long transport, long offset) {
        long object = get(transport, offset);
        return object != Objects.NULL && object != Objects.NONE;
    }
}
