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
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
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
    private static final int BEFORE_SLEEP = 7;
    private static final int AFTER_SLEEP = 8;

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
                .noArguments(
                        "_before_sleep", methods, BEFORE_SLEEP, "Have signals end the sleep of the next _select().")
                .noArguments("_after_sleep", methods, AFTER_SLEEP, "Undo that, where there is no _select().")
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
    public @Owned long call(int method, @Borrowed long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop == null) {
            return Objects.none();
        }
        switch (method) {
            case BEFORE_SLEEP -> loop.prepareSleep();
            case AFTER_SLEEP -> loop.afterSleep();
            default -> throw new IllegalArgumentException("method " + method);
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
            case SHOW_READY -> show(self, argument, loop.engine()::forEachReady);
            case SHOW_TIMERS -> show(self, argument, loop.engine()::forEachTimer);
            case SHOW_WATCHED ->
                loop.engine().readiness().forEachWatched(descriptor -> tell(argument, Numbers.fromLong(descriptor)));
            case SCHEDULE -> schedule(loop, deadline(argument), References.retain(argument));
            default -> {
                return ErrandMethods.super.call(method, self, argument);
            }
        }
        return Objects.none();
    }

    /** Tells Python of everything, bit by bit; where that fails, the rest is queued as before. */
    private static void handOver(LoopObject loop, @Borrowed long self, long ready, long scheduled) {
        loop.flush();
        EventLoop engine = loop.engine();
        LongQueue taken = new LongQueue();
        try {
            engine.takeReady(taken);
            // To tell may run Python code, which may queue more.
            while (!taken.isEmpty()) {
                tellAll(self, ready, taken);
                engine.takeReady(taken);
            }
        } catch (OutOfMemoryError | StackOverflowError | PythonException e) {
            putBack(engine, taken);
            throw e;
        }
        loop.setHandedOver(true);
        for (long timer = engine.nextTimer(); timer != Objects.NULL; timer = engine.nextTimer()) {
            tell(scheduled, visible(self, timer));
            References.release(engine.takeTimer());
        }
    }

    /** Undoes {@link #handOver}, all of it or nothing: Python has still what it gives back. */
    private static void takeBack(LoopObject loop, @Borrowed long handles, @Borrowed long timers) {
        if (!Sequences.isList(handles) || !Sequences.isList(timers)) {
            throw PythonException.typeError("expected two lists");
        }
        check(handles, HandleLayout.STOCK_HANDLE);
        check(timers, HandleLayout.STOCK_TIMER);
        EventLoop engine = loop.engine();
        LongQueue first = new LongQueue();
        LongQueue later = new LongQueue();
        double[] deadlines = {};
        try {
            for (int i = 0; i < Sequences.size(timers); i++) {
                if (i == deadlines.length) {
                    deadlines = Arrays.copyOf(deadlines, Math.max((int) Sequences.size(timers), 2 * i));
                }
                // It is kept before its deadline is asked for, which may run code of the program's.
                long timer = item(timers, i);
                keep(later, timer);
                deadlines[i] = deadline(timer);
            }
            for (int i = 0; i < Sequences.size(handles); i++) {
                keep(first, item(handles, i));
            }
            engine.reserveTimers(later.size());
            engine.callFirst(first);
        } catch (OutOfMemoryError | StackOverflowError | PythonException e) {
            releaseAll(first);
            releaseAll(later);
            throw e;
        }
        loop.setHandedOver(false);
        for (int i = 0; !later.isEmpty(); i++) {
            schedule(loop, deadlines[i], later.poll());
        }
    }

    private static double deadline(@Borrowed long timer) {
        if (!Handles.isTimer(timer)) {
            throw PythonException.typeError("only instances of asyncio.TimerHandle can be scheduled");
        }
        long deadline = HandleLayout.slot(timer, HandleLayout.WHEN);
        if (deadline == Objects.NULL) {
            throw PythonException.typeError("a timer without a deadline cannot be scheduled");
        }
        return Numbers.toDouble(deadline);
    }

    private static void schedule(LoopObject loop, double when, @Owned long timer) {
        try {
            loop.engine().callAt(when, timer);
        } catch (OutOfMemoryError e) {
            References.release(timer);
            throw e;
        }
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
            loop.engine()
                    .select(
                            nanos,
                            (descriptor, reader, writer) -> tell(function, found(self, descriptor, reader, writer)));
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
    }

    private static @Owned long found(@Borrowed long self, int descriptor, @Owned long reader, @Owned long writer) {
        @Owned long number = Objects.NULL;
        @Owned long readHandle = Objects.NULL;
        @Owned long writeHandle = Objects.NULL;
        try {
            number = Numbers.fromLong(descriptor);
            readHandle = visibleOrNone(self, reader);
            writeHandle = visibleOrNone(self, writer);
            return Tuples.of(number, readHandle, writeHandle);
        } finally {
            References.releaseUnlessNull(number);
            References.releaseUnlessNull(readHandle);
            References.releaseUnlessNull(writeHandle);
            References.releaseUnlessNull(Sources.object(reader));
            References.releaseUnlessNull(Sources.object(writer));
        }
    }

    private static @Owned long visibleOrNone(@Borrowed long self, @Borrowed long handle) {
        return handle == Objects.NULL ? Objects.none() : visible(self, handle);
    }

    /** Returns what a program may see of a handle: one of asyncio's, which the garbage collector knows. */
    private static @Owned long visible(@Borrowed long self, @Borrowed long handle) {
        if (Sources.isSource(handle)) {
            return LoopFunctions.turnOf(self, Sources.object(handle), (int) (handle & Sources.KIND_MASK));
        }
        if (!Types.isTracked(handle)) {
            Types.track(handle);
        }
        return References.retain(handle);
    }

    private static void show(@Borrowed long self, @Borrowed long function, Consumer<LongConsumer> all) {
        LongQueue shown = new LongQueue();
        try {
            all.accept(handle -> keep(shown, handle));
            tellAll(self, function, shown);
        } catch (OutOfMemoryError | StackOverflowError | PythonException e) {
            releaseAll(shown);
            throw e;
        }
    }

    /** Tells of handles, and gives each up that was told. */
    private static void tellAll(@Borrowed long self, @Borrowed long function, LongQueue handles) {
        while (!handles.isEmpty()) {
            tell(function, visible(self, handles.get(0)));
            References.release(Sources.object(handles.poll()));
        }
    }

    private static void putBack(EventLoop engine, LongQueue taken) {
        try {
            engine.callFirst(taken);
        } catch (OutOfMemoryError e) {
            releaseAll(taken);
            throw e;
        }
    }

    private static void keep(LongQueue kept, @Borrowed long handle) {
        kept.add(handle);
        References.retain(Sources.object(handle));
    }

    private static void releaseAll(LongQueue handles) {
        while (!handles.isEmpty()) {
            References.release(Sources.object(handles.poll()));
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
