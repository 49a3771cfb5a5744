package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.InstanceTable;
import dev.pyloop.python.names.StreamLayout;
import dev.pyloop.python.names.StreamNames;
import org.jspecify.annotations.Nullable;

/** All stream transports. Guarded by the GIL. */
final class Streams {
    private static final InstanceTable<StreamObject> ALL = new InstanceTable<>(StreamLayout.NUMBER);

    private static final boolean SERVERS_KNOW_TRANSPORTS =
            Imports.attribute("pyloop._for_engine.stream_callbacks", "SERVERS_KNOW_TRANSPORTS") == Objects.TRUE;

    private Streams() {}

    /** The type whose instances have the number; NULL until it is built. */
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

    /** Makes the transport behind {@code self}, which owns {@code descriptor} unless it has a Python socket. */
    static StreamObject open(@Borrowed long self, LoopObject loop, int descriptor, StreamKind kind) {
        if (ALL.find(self) != null) {
            throw PythonException.runtimeError("the transport is initialized already");
        }
        StreamObject transport = new StreamObject(self, loop, descriptor, kind);
        ALL.enter(self, transport);
        transport.claimDescriptor();
        return transport;
    }

    /** Returns the transport behind {@code self}; null if it was not initialized, or was finalized. */
    static @Nullable StreamObject find(@Borrowed long self) {
        return ALL.find(self);
    }

    /** Ends the transport behind {@code self}, if there is one. */
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

    /** Tells a server that it has a transport more; raises, as servers do that were closed meanwhile. */
    static void attach(@Borrowed long server, @Borrowed long transport) {
        References.release(Errors.check(
                SERVERS_KNOW_TRANSPORTS
                        ? Calls.tryCallMethod(server, StreamNames.ATTACH, transport)
                        : Calls.tryCallMethod(server, StreamNames.ATTACH)));
    }
}
