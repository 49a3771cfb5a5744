package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Driven;
import dev.pyloop.memory.Memory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The turn of a source where asyncio's own iteration runs the callbacks: the method {@code _run_turn(source, kind)}.
 *
 * <p>As with {@link LoopRun} no Java frame lies under what it calls, and where greenlets are switched turns may end in any
 * order. Guarded by the GIL.
 */
final class SingleTurn {
    /** The method. Its state is a number of {@link #TURNS}. */
    static final Driven METHOD = new Driven() {
        @Override
        public @Owned long begin(long request) {
            LoopObject loop = Loops.get(CallRequest.parameter(request, 0));
            SingleTurn turn = new SingleTurn(loop, request);
            @Borrowed long handle = handle(request);
            CallRequest.setState(request, enter(turn));
            References.retain(Sources.object(handle));
            return turn.goOn(() -> loop.beginTurn(turn.call, handle), request);
        }

        @Override
        public @Owned long resume(@Owned long result, long request) {
            SingleTurn turn = find(CallRequest.state(request));
            return turn.goOn(() -> turn.loop.finish(turn.call, result), request);
        }
    };

    /** The turns that go on, by their numbers. */
    private static final List<@Nullable SingleTurn> TURNS = new ArrayList<>();

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
                TURNS.set((int) CallRequest.state(request), null);
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

    private static SingleTurn find(long number) {
        SingleTurn turn = TURNS.get((int) number);
        if (turn == null) {
            throw new IllegalStateException("turn " + number + " has ended");
        }
        return turn;
    }

    private static int enter(SingleTurn turn) {
        int number = TURNS.indexOf(null);
        if (number < 0) {
            TURNS.add(turn);
            return TURNS.size() - 1;
        }
        TURNS.set(number, turn);
        return number;
    }
}
