package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.python.names.AcceptorLayout;
import dev.pyloop.python.names.InstanceTable;
import org.jspecify.annotations.Nullable;

/** All acceptors. Guarded by the GIL. */
final class Acceptors {
    private static final InstanceTable<AcceptorObject> ALL = new InstanceTable<>(Types.basicSize(AcceptorLayout.TYPE));

    /** The type whose instances have the number; NULL until it is built. */
    private static @Borrowed long type = Objects.NULL;

    private Acceptors() {}

    static void setType(@Borrowed long built) {
        type = References.retain(built);
    }

    /** Tells whether an object of any kind is an acceptor of ours. */
    static boolean isAcceptor(@Borrowed long object) {
        return type != Objects.NULL && Objects.isInstance(object, type);
    }

    /** Returns the acceptor behind {@code self}, or raises RuntimeError if it was not started. */
    static AcceptorObject get(@Borrowed long self) {
        AcceptorObject acceptor = ALL.find(self);
        if (acceptor == null) {
            throw PythonException.runtimeError("the acceptor was not started");
        }
        return acceptor;
    }

    /** Returns the acceptor behind {@code self}; null if it was not started. */
    static @Nullable AcceptorObject find(@Borrowed long self) {
        return ALL.find(self);
    }

    /** Makes {@code acceptor} the one behind {@code self}. */
    static void enter(@Borrowed long self, AcceptorObject acceptor) {
        ALL.enter(self, acceptor);
    }

    /** Forgets the acceptor behind {@code self}. */
    static void leave(@Borrowed long self) {
        ALL.leave(self);
    }
}
