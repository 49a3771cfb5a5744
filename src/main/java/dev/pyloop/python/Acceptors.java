package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/** {@code pyloop._engine.Acceptor}: what accepts connections from a listening socket. Guarded by the GIL. */
final class Acceptors implements Methods {
    private static final int START = 0;
    private static final int DELETE = 1;

    private static final InstanceTable<AcceptorObject> ALL = new InstanceTable<>(Types.basicSize(AcceptorLayout.TYPE));

    /** The type with a Java side; NULL until it is built. */
    private static @Borrowed long type = Objects.NULL;

    private Acceptors() {}

    /** Builds the type. */
    static @Owned long build() {
        Acceptors methods = new Acceptors();
        long built = new TypeBuilder("pyloop._engine.Acceptor", Types.basicSize(AcceptorLayout.TYPE) + Long.BYTES)
                .subclassable()
                .doc("The engine of what accepts connections, in Java. Not to be used alone.")
                .keywords("_start", methods, START, "Begin to accept, given a descriptor and the backlog.")
                .noArguments("__del__", methods, DELETE, "Close connections that are not served any more.")
                .build(AcceptorLayout.TYPE);
        type = References.retain(built);
        return built;
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

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        if (method != START) {
            return Methods.super.call(method, self, arguments, count, names);
        }
        if (count != 2 || ALL.find(self) != null) {
            throw PythonException.typeError("expected a descriptor and a backlog, once");
        }
        LoopObject loop = Loops.get(Arguments.loop(AcceptorLayout.get(self, AcceptorLayout.LOOP)));
        long descriptor = Numbers.toLong(Memory.getLong(arguments));
        long backlog = Numbers.toLong(Memory.getLong(arguments + Long.BYTES));
        long context = AcceptorLayout.get(self, AcceptorLayout.SERVER_CONTEXT);
        boolean ownContexts = context != Objects.NONE;
        References.replaceSlot(
                self + AcceptorLayout.CONTEXT,
                ownContexts ? References.retain(context) : Contexts.copyCurrent(loop.threadState()));
        // As many as the kernel lets wait.
        int limit = Math.clamp(backlog, 0, 1 << 20) + 1;
        AcceptorObject acceptor = new AcceptorObject(self, loop, (int) descriptor, limit, ownContexts);
        ALL.enter(self, acceptor);
        acceptor.start();
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        AcceptorObject acceptor = ALL.find(self);
        if (acceptor != null) {
            acceptor.dispose();
            ALL.leave(self);
        }
        return Objects.none();
    }
}
