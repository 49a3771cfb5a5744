package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/**
 * Where {@code pyloop._for_engine.datagram_fields.DatagramFields} keeps its {@code __slots__}: what inherited code sets and Java reads.
 *
 * <p>The names are those of asyncio's own attributes, so that its code works on the slots without knowing. A slot is NULL
 * until it is filled.
 */
public final class DatagramLayout {
    public static final @Borrowed long TYPE = Imports.attribute("pyloop._for_engine.datagram_fields", "DatagramFields");
    public static final long ADDRESS = Types.slotOffset(TYPE, "_address");
    public static final long BUFFER = Types.slotOffset(TYPE, "_buffer");
    public static final long LOST = Types.slotOffset(TYPE, "_conn_lost");
    public static final long PROTOCOL = Types.slotOffset(TYPE, "_protocol");
    public static final long SOCKET = Types.slotOffset(TYPE, "_sock");
    public static final long READ_CONTEXT = Types.slotOffset(TYPE, "_read_context");

    private DatagramLayout() {}

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
