package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Sequences;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.LoopFunctions;
import dev.pyloop.queue.LongQueue;
import org.jspecify.annotations.Nullable;

/**
 * The methods of a loop that show its queues to the program, hand them over to asyncio's own iteration and take them back.
 *
 * <p>A caller that asks for handles gives a function, which is called with each of them. Stateless; guarded by the GIL.
 */
final class Outside implements ErrandMethods {
    private static final int HAND_OVER = 0;
    private static final int TAKE_BACK = 1;
    private static final int SELECT = 2;
    private static final int SHOW_READY = 3;
    private static final int SHOW_TIMERS = 4;
    private static final int SHOW_WATCHED = 5;
    private static final int SCHEDULE = 6;

    private static final double NANOS_PER_SECOND = 1e9;
    /** asyncio never sleeps longer than a day at a time. */
    private static final double MAX_SLEEP_SECONDS = 24 * 3600;

    private static final long WITHOUT_LIMIT = -1;

    private Outside() {}

    static void addTo(TypeBuilder type) {
        Outside methods = new Outside();
        type.drivenKeywords(
                        "_hand_over",
                        new ErrandMethod(methods, HAND_OVER, true),
                        "Give functions all that is ready, and all timers, for good.")
                .keywords("_take_back", methods, TAKE_BACK, "Queue the handles and the timers of two lists again.")
                .drivenKeywords(
                        "_select", new ErrandMethod(methods, SELECT, true), "Poll, and tell a function what is ready.")
                .oneArgument("_show_ready", methods, SHOW_READY, "Call a function with each handle that is ready.")
                .oneArgument(
                        "_show_timers", methods, SHOW_TIMERS, "Call a function with each timer, the next one first.")
                .oneArgument("_show_watched", methods, SHOW_WATCHED, "Call a function with each descriptor watched.")
                .drivenKeywords("_run_turn", SingleTurn.METHOD, "Do what is to be done when a source's turn has come.")
                .oneArgument("_schedule", methods, SCHEDULE, "Schedule a timer.");
    }

    @Override
    public @Nullable LoopObject loopOf(@Borrowed long self) {
        return Loops.findOwn(self);
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        if (count != 2 || names != Objects.NULL) {
            throw PythonException.typeError("expected two arguments");
        }
        LoopObject loop = Loops.get(self);
        long first = Memory.getLong(arguments);
        long second = Memory.getLong(arguments + Long.BYTES);
        switch (method) {
            case HAND_OVER -> handOver(loop, self, first, second);
            case TAKE_BACK -> takeBack(loop, first, second);
            case SELECT -> select(loop, self, first, second);
            default -> {
                return ErrandMethods.super.call(method, self, arguments, count, names);
            }
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, @Borrowed long argument) {
        LoopObject loop = Loops.findOwn(self);
        if (loop == null) {
            // A loop that is closed has nothing to show.
            return Objects.none();
        }
        switch (method) {
            case SHOW_READY -> {
                LongQueue shown = new LongQueue();
                loop.engine().forEachReady(handle -> shown.add(retained(handle)));
                showAll(self, shown, argument);
            }
            case SHOW_TIMERS -> {
                LongQueue shown = new LongQueue();
                loop.engine().forEachTimer(handle -> shown.add(retained(handle)));
                showAll(self, shown, argument);
            }
            case SHOW_WATCHED ->
                loop.engine().readiness().forEachWatched(descriptor -> tell(argument, Numbers.fromLong(descriptor)));
            case SCHEDULE -> schedule(loop, argument);
            default -> {
                return ErrandMethods.super.call(method, self, argument);
            }
        }
        return Objects.none();
    }

    private static void handOver(LoopObject loop, @Borrowed long self, long ready, long scheduled) {
        loop.flush();
        EventLoop engine = loop.engine();
        LongQueue taken = new LongQueue();
        boolean over = false;
        try {
            // To make handles may run Python code, which may queue more.
            for (long handle = engine.takeReady(); handle != Objects.NULL; handle = engine.takeReady()) {
                taken.add(visible(self, handle));
            }
            loop.setHandedOver(true);
            over = true;
        } finally {
            while (!over && !taken.isEmpty()) {
                engine.callSoon(taken.poll());
            }
        }
        tellAll(ready, taken);
        for (long timer = engine.takeTimer(); timer != Objects.NULL; timer = engine.takeTimer()) {
            tell(scheduled, visible(self, timer));
        }
    }

    private static void takeBack(LoopObject loop, @Borrowed long handles, @Borrowed long timers) {
        if (!Sequences.isList(handles) || !Sequences.isList(timers)) {
            throw PythonException.typeError("expected two lists");
        }
        check(handles, HandleLayout.STOCK_HANDLE);
        check(timers, HandleLayout.STOCK_TIMER);
        loop.setHandedOver(false);
        for (long i = 0; i < Sequences.size(handles); i++) {
            loop.engine().callSoon(References.retain(item(handles, i)));
        }
        for (long i = 0; i < Sequences.size(timers); i++) {
            schedule(loop, item(timers, i));
        }
    }

    private static void schedule(LoopObject loop, @Borrowed long timer) {
        if (!Handles.isTimer(timer)) {
            throw PythonException.typeError("only instances of asyncio.TimerHandle can be scheduled");
        }
        long deadline = HandleLayout.slot(timer, HandleLayout.WHEN);
        if (deadline == Objects.NULL) {
            throw PythonException.typeError("a timer without a deadline cannot be scheduled");
        }
        double when = Numbers.toDouble(deadline);
        loop.engine().callAt(when, References.retain(timer));
        Handles.setScheduled(timer, true);
        if (HandleLayout.isCancelled(timer)) {
            loop.engine().timerSaidCancelled();
        }
    }

    private static void select(LoopObject loop, @Borrowed long self, @Borrowed long timeout, @Borrowed long function) {
        long nanos = WITHOUT_LIMIT;
        if (timeout != Objects.NONE) {
            double seconds = Numbers.toDouble(timeout);
            nanos = (long) Math.ceil(Math.clamp(seconds, 0, MAX_SLEEP_SECONDS) * NANOS_PER_SECOND);
        }
        loop.flush();
        if (!loop.errands().isEmpty()) {
            // They are run when this has returned, be they left by it or before.
            Errands.noteLeft();
            nanos = 0;
        }
        try {
            loop.engine().select(nanos, (descriptor, reader, writer) -> {
                long number = Numbers.fromLong(descriptor);
                long readHandle = visibleOrNone(self, reader);
                long writeHandle = visibleOrNone(self, writer);
                long found = Tuples.of(number, readHandle, writeHandle);
                References.release(number);
                References.release(readHandle);
                References.release(writeHandle);
                tell(function, found);
            });
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
    }

    private static long retained(@Borrowed long handle) {
        References.retain(Sources.object(handle));
        return handle;
    }

    private static @Owned long visibleOrNone(@Borrowed long self, @Owned long handle) {
        return handle == Objects.NULL ? Objects.none() : visible(self, handle);
    }

    /** Returns what a program may see of a handle: one of asyncio's, which the garbage collector knows. */
    private static @Owned long visible(@Borrowed long self, @Owned long handle) {
        if (!Sources.isSource(handle)) {
            if (!Types.isTracked(handle)) {
                Types.track(handle);
            }
            return handle;
        }
        long source = Sources.object(handle);
        try {
            return LoopFunctions.turnOf(self, source, (int) (handle & Sources.KIND_MASK));
        } finally {
            References.release(source);
        }
    }

    private static void showAll(@Borrowed long self, LongQueue handles, @Borrowed long function) {
        while (!handles.isEmpty()) {
            tell(function, visible(self, handles.poll()));
        }
    }

    private static void tellAll(@Borrowed long function, LongQueue handles) {
        while (!handles.isEmpty()) {
            tell(function, handles.poll());
        }
    }

    private static void tell(@Borrowed long function, @Owned long object) {
        try {
            References.release(Calls.call(function, object));
        } finally {
            References.release(object);
        }
    }

    private static @Borrowed long item(@Borrowed long list, long index) {
        return Memory.getLong(Sequences.items(list) + index * Long.BYTES);
    }

    private static void check(@Borrowed long list, @Borrowed long type) {
        for (long i = 0; i < Sequences.size(list); i++) {
            if (!Objects.isInstance(item(list, i), type)) {
                throw PythonException.typeError("only instances of asyncio.Handle can be queued");
            }
        }
    }
}
