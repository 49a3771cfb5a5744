package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.DrivenMethod;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.InstanceTable;

/**
 * The turn of a source where asyncio's own iteration runs the callbacks: the method {@code _run_turn(source, kind)}.
 *
 * <p>As with {@link LoopRun} no Java frame lies under what it calls, and where greenlets are switched turns may end in any
 * order. Guarded by the GIL.
 */
final class SingleTurn {
    /** The method. Its state is its request's number in {@link #TURNS}. */
    static final DrivenMethod METHOD = new DrivenMethod() {
        @Override
        public @Owned long begin(long request) {
            LoopObject loop = Loops.get(CallRequest.parameter(request, 0));
            SingleTurn turn = new SingleTurn(loop, request);
            @Borrowed long handle = handle(request);
            TURNS.enter(request, turn);
            References.retain(Sources.object(handle));
            return turn.goOn(() -> loop.beginTurn(turn.call, handle), request);
        }

        @Override
        public @Owned long resume(@Owned long result, long request) {
            SingleTurn turn = TURNS.find(request);
            if (turn == null) {
                throw new IllegalStateException("the turn has ended");
            }
            return turn.goOn(() -> turn.loop.finish(turn.call, result), request);
        }
    };

    /** The turns that go on. */
    private static final InstanceTable<SingleTurn> TURNS = new InstanceTable<>(CallRequest.STATE);

    /** Goes on until a call is asked for; false if none is. */
    @FunctionalInterface
    private interface Progress {
        boolean make();
    }

    private final LoopObject loop;
    private final HandleCall call;

    private SingleTurn(LoopObject loop, long request) {
        this.loop = loop;
        call = new HandleCall(request);
    }

    private @Owned long goOn(Progress progress, long request) {
        boolean asks = false;
        try {
            asks = progress.make() || loop.finishLeftovers(call.turn);
        } finally {
            if (!asks) {
                TURNS.leave(request);
                CallRequest.clear(request);
            }
        }
        return asks ? Objects.NULL : Objects.none();
    }

    private static @Borrowed long handle(long request) {
        if (CallRequest.parameter(request, 2) != 2 || CallRequest.parameter(request, 3) != Objects.NULL) {
            throw PythonException.typeError("expected a source and a kind");
        }
        long arguments = CallRequest.parameter(request, 1);
        @Borrowed long source = Memory.getLong(arguments);
        int kind = (int) Numbers.toLong(Memory.getLong(arguments + Long.BYTES));
        if (!Sources.isOf(source, kind)) {
            throw PythonException.typeError("expected a transport or a future, and a kind that it has");
        }
        return source | kind;
    }
}
