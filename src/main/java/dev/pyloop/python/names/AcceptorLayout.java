package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/** Where {@code pyloop._for_engine.stream_fields.AcceptorFields} keeps its {@code __slots__}; see {@link StreamLayout}. */
public final class AcceptorLayout {
    public static final @Borrowed long TYPE = Imports.attribute("pyloop._for_engine.stream_fields", "AcceptorFields");
    public static final long FACTORY = Types.slotOffset(TYPE, "factory");
    public static final long LOOP = Types.slotOffset(TYPE, "loop");
    public static final long SERVER = Types.slotOffset(TYPE, "server");
    public static final long CONTEXT = Types.slotOffset(TYPE, "context");
    public static final long SERVER_CONTEXT = Types.slotOffset(TYPE, "server_context");

    private AcceptorLayout() {}

    /** Returns the object in the slot at {@code offset}, which is filled. */
    public static @Borrowed long get(@Borrowed long acceptor, long offset) {
        return Memory.getLong(acceptor + offset);
    }
}
