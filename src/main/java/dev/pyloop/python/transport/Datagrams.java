package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.DatagramLayout;
import dev.pyloop.python.names.InstanceTable;
import org.jspecify.annotations.Nullable;

/** All datagram transports. Guarded by the GIL. */
final class Datagrams {
    private static final InstanceTable<DatagramObject> ALL = new InstanceTable<>(Types.basicSize(DatagramLayout.TYPE));

    /** The type whose instances have the number; NULL until it is built. */
    private static @Borrowed long type = Objects.NULL;

    private Datagrams() {}

    static void setType(@Borrowed long built) {
        type = References.retain(built);
    }

    /** Tells whether an object of any kind is a datagram transport of ours. */
    static boolean isDatagramTransport(@Borrowed long object) {
        return type != Objects.NULL && Objects.isInstance(object, type);
    }

    /** Returns the transport behind {@code self}, or raises RuntimeError if there is none. */
    static DatagramObject get(@Borrowed long self) {
        DatagramObject transport = ALL.find(self);
        if (transport == null) {
            throw PythonException.runtimeError("the transport is not initialized: __init__() was not called");
        }
        return transport;
    }

    /** Returns the transport behind {@code self}; null if it was not initialized, or was finalized. */
    @Inlined
    static @Nullable DatagramObject find(@Borrowed long self) {
        return ALL.find(self);
    }

    /** Makes {@code transport} the one behind {@code self}. */
    static void enter(@Borrowed long self, DatagramObject transport) {
        ALL.enter(self, transport);
    }

    /** Forgets the transport behind {@code self}. */
    static void leave(@Borrowed long self) {
        ALL.leave(self);
    }
}
