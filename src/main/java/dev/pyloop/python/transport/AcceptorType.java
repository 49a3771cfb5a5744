package dev.pyloop.python.transport;

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
import dev.pyloop.python.loop.Arguments;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.Loops;
import dev.pyloop.python.loop.Source;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.AcceptorLayout;

/** {@code pyloop._engine.Acceptor}: what accepts connections from a listening socket. Guarded by the GIL. */
final class AcceptorType implements Methods, Source {
    private static final int START = 0;
    private static final int DELETE = 1;

    private AcceptorType() {}

    /** Builds the type. */
    static @Owned long build() {
        AcceptorType methods = new AcceptorType();
        long built = new TypeBuilder("pyloop._engine.Acceptor", Types.basicSize(AcceptorLayout.TYPE) + Long.BYTES)
                .subclassable()
                .doc("The engine of what accepts connections, in Java. Not to be used alone.")
                .keywords("_start", methods, START, "Begin to accept, given a descriptor and the backlog.")
                .noArguments("__del__", methods, DELETE, "Close connections that are not served any more.")
                .build(AcceptorLayout.TYPE);
        Acceptors.setType(built);
        Sources.enter(Sources.ACCEPT, methods);
        Sources.enter(Sources.ACCEPTED, methods);
        return built;
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        if (method != START) {
            return Methods.super.call(method, self, arguments, count, names);
        }
        if (count != 2 || Acceptors.find(self) != null) {
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
        Acceptors.enter(self, acceptor);
        acceptor.start();
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        if (method != DELETE) {
            return Methods.super.call(method, self);
        }
        AcceptorObject acceptor = Acceptors.find(self);
        if (acceptor != null) {
            acceptor.dispose();
            Acceptors.leave(self);
        }
        return Objects.none();
    }

    @Override
    public boolean isOf(@Borrowed long object) {
        return Acceptors.isAcceptor(object);
    }

    @Override
    public boolean begin(Turn turn, @Borrowed long object, int kind) {
        AcceptorObject acceptor = Acceptors.get(object);
        if (kind == Sources.ACCEPTED) {
            return acceptor.accepted(turn);
        }
        acceptor.acceptable();
        return false;
    }
}
