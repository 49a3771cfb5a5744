package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Driven;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One run of a loop, from the call of {@code _run_once} to its return.
 *
 * <p>Runs may be nested, and where greenlets are switched they may end in any order. Guarded by the GIL; the loop's thread
 * only.
 */
final class LoopRun {
    /** The method {@code _run_once}. Its state is a number of {@link #runs}. */
    static final Driven METHOD = new Driven() {
        @Override
        public @Owned long begin(@Borrowed long self, long request) {
            LoopObject loop = Loops.get(self);
            if (loop.isHandedOver()) {
                // By somebody who has kept this method from before.
                CallRequest.clear(request);
                return Stock.runOnce(self);
            }
            LoopRun run = loop.beginRun();
            try {
                CallRequest.setState(request, enter(run));
            } catch (OutOfMemoryError e) {
                run.loop.endRun();
                throw e;
            }
            return run.advance(request);
        }

        @Override
        public @Owned long resume(@Owned long result, long request) {
            return find(CallRequest.state(request)).resume(result, request);
        }
    };

    /** The runs that go on, by their numbers. */
    private static @Nullable LoopRun[] runs = new LoopRun[4];

    private final LoopObject loop;
    private final EventLoop.Run progress;
    private final HandleCall call = new HandleCall();

    LoopRun(LoopObject loop, EventLoop.Run progress) {
        this.loop = loop;
        this.progress = progress;
    }

    EventLoop.Run progress() {
        return progress;
    }

    HandleCall call() {
        return call;
    }

    private static LoopRun find(long number) {
        LoopRun run = runs[(int) number];
        if (run == null) {
            throw new IllegalStateException("run " + number + " has ended");
        }
        return run;
    }

    private static int enter(LoopRun run) {
        int number = 0;
        while (number < runs.length && runs[number] != null) {
            number++;
        }
        if (number == runs.length) {
            runs = Arrays.copyOf(runs, 2 * number);
        }
        runs[number] = run;
        return number;
    }

    @Inlined
    private @Owned long resume(@Owned long result, long request) {
        boolean goesOn = false;
        try {
            loop.finish(call, result);
            goesOn = true;
        } finally {
            if (!goesOn) {
                end(request);
            }
        }
        return advance(request);
    }

    @Inlined
    private @Owned long advance(long request) {
        boolean goesOn = false;
        try {
            goesOn = loop.advance(this);
            if (goesOn) {
                call.request(request);
                return Objects.NULL;
            }
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        } finally {
            if (!goesOn) {
                end(request);
            }
        }
        return Objects.none();
    }

    private void end(long request) {
        runs[(int) CallRequest.state(request)] = null;
        CallRequest.clear(request);
        loop.endRun();
    }
}
