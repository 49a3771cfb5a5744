package dev.pyloop.python.loop;

import dev.pyloop.cpython.DrivenMethod;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.python.names.Stock;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One run of a loop, from the call of {@code _run_once} to its return.
 *
 * <p>Runs may be nested, and where greenlets are switched they may end in any order. Guarded by the GIL; the loop's thread
 * only.
 */
final class LoopRun {
    /** The state where asyncio's own method is called. */
    private static final long HANDED_OVER = -1;

    /** The method {@code _run_once}. Its state is a number of {@link #runs}. */
    static final DrivenMethod METHOD = new DrivenMethod() {
        @Override
        public @Owned long begin(long request) {
            LoopObject loop = Loops.get(CallRequest.parameter(request, 0));
            if (loop.state().isHandedOver()) {
                // The caller has kept this method from before.
                CallRequest.setState(request, HANDED_OVER);
                Stock.requestRunOnce(request, CallRequest.parameter(request, 0));
                return Objects.NULL;
            }
            LoopRun run = new LoopRun(loop, request);
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
            if (CallRequest.state(request) == HANDED_OVER) {
                References.release(CallRequest.argument(request, 0));
                CallRequest.clear(request);
                return result;
            }
            LoopRun run = find(CallRequest.state(request));
            return run.leaving ? run.resumeLeaving(result, request) : run.resume(result, request);
        }
    };

    /** The runs that go on, by their numbers. */
    private static @Nullable LoopRun[] runs = new LoopRun[4];

    private final LoopObject loop;
    private final EventLoop.Run progress;
    private final HandleCall call;

    /** Whether the run is over, but for what is to be sent and told before it returns. */
    private boolean leaving;

    /** The exception that has ended it; NULL for none. */
    private @Owned long failure = Objects.NULL;

    private LoopRun(LoopObject loop, long request) {
        this.loop = loop;
        call = new HandleCall(request);
        // Last, for it counts.
        progress = loop.beginRun();
    }

    @Inlined
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
        try {
            if (loop.finish(call, result)) {
                return Objects.NULL;
            }
        } catch (OutOfMemoryError e) {
            return fail(e, request);
        } catch (StackOverflowError | RuntimeException e) {
            return fail(e, request);
        }
        return advance(request);
    }

    @Inlined
    private @Owned long advance(long request) {
        try {
            if (loop.advance(progress, call)) {
                call.request(request);
                return Objects.NULL;
            }
        } catch (OutOfMemoryError e) {
            return fail(e, request);
        } catch (StackOverflowError | RuntimeException e) {
            return fail(e, request);
        }
        return leave(false, request);
    }

    private @Owned long fail(Throwable thrown, long request) {
        // It may have been about to sleep.
        loop.afterSleep();
        boolean raised = false;
        try {
            raise(thrown);
            raised = true;
        } finally {
            if (!raised) {
                loop.endRun();
                end(request);
            }
        }
        return leave(true, request);
    }

    /** Ends the run, by the pending exception if it has failed. */
    private @Owned long leave(boolean failed, long request) {
        loop.endRun();
        if (!loop.hasLeftovers()) {
            end(request);
            return failed ? Objects.NULL : Objects.none();
        }
        // Transports may have failures to tell, which is not to be done with an exception pending, and exceptions of
        // their own.
        failure = failed ? Errors.take() : Objects.NULL;
        leaving = true;
        return goOnLeaving(request);
    }

    private @Owned long resumeLeaving(@Owned long result, long request) {
        try {
            if (loop.finish(call, result)) {
                return Objects.NULL;
            }
        } catch (OutOfMemoryError e) {
            addFailure(e);
        } catch (StackOverflowError | RuntimeException e) {
            addFailure(e);
        }
        return goOnLeaving(request);
    }

    private @Owned long goOnLeaving(long request) {
        try {
            if (loop.finishLeftovers(call.turn)) {
                return Objects.NULL;
            }
        } catch (OutOfMemoryError e) {
            addFailure(e);
        } catch (StackOverflowError | RuntimeException e) {
            addFailure(e);
        }
        end(request);
        if (failure == Objects.NULL) {
            return Objects.none();
        }
        Errors.restore(failure);
        return Objects.NULL;
    }

    private void addFailure(Throwable thrown) {
        raise(thrown);
        failure = Errors.takeInContext(failure);
    }

    private static void raise(Throwable thrown) {
        if (thrown instanceof SystemCallException e) {
            Errors.setOsError(e.errno());
        } else {
            Errors.raise(thrown);
        }
    }

    private void end(long request) {
        runs[(int) CallRequest.state(request)] = null;
        CallRequest.clear(request);
    }
}
