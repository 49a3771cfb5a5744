package dev.pyloop.python;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.FullHeap;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.SelfPipe;
import dev.pyloop.memory.Memory;
import dev.pyloop.reactor.Interest;
import org.jspecify.annotations.Nullable;

/**
 * {@code pyloop._engine.EventLoop}: the methods that run per callback, per timer or per readiness.
 *
 * <p>A base class for {@code pyloop.EventLoop}, which puts it before {@code asyncio.SelectorEventLoop}; it is of no use
 * alone. Calls with a usual shape take the short way; all others go to {@link Stock}.
 */
public final class LoopType implements ErrandMethods {
    private static final int INIT = 0;
    private static final int CALL_SOON = 1;
    private static final int CALL_SOON_THREADSAFE = 2;
    private static final int CALL_LATER = 3;
    private static final int CALL_AT = 4;
    private static final int TIME = 5;
    private static final int GET_DEBUG = 6;
    private static final int WAKE = 7;
    private static final int ENQUEUE = 8;
    private static final int CLEAR = 9;
    private static final int TIMER_CANCELLED = 10;
    private static final int ADD_READER = 11;
    private static final int REMOVE_READER = 12;
    private static final int ADD_WRITER = 13;
    private static final int REMOVE_WRITER = 14;
    private static final int SET = 15;
    private static final int RELEASE = 16;
    private static final int READY_COUNT = 17;
    private static final int READER = 18;
    private static final int WRITER = 19;
    private static final int TRACK_KEPT_HANDLES = 20;
    private static final int TRANSPORT = 21;
    private static final int TRANSPORT_TYPES = 22;
    private static final int WATCH_ONCE = 23;
    private static final int UNWATCH_ONCE = 24;
    private static final int DATAGRAM_TYPE = 25;
    private static final int AFTER_FORK = 26;
    private static final int BEFORE_FORK = 27;
    private static final int SELF_PIPE = 28;
    private static final int FLUSH_DATAGRAMS = 29;

    private LoopType() {}

    /** Builds the type. */
    public static @Owned long build() {
        LoopType methods = new LoopType();
        TypeBuilder builder = new TypeBuilder("pyloop._engine.EventLoop", Loops.OBJECT_SIZE)
                .subclassable()
                .doc("The engine of pyloop.EventLoop, in Java. Not to be used alone.")
                .traverse(LoopType::traverse)
                .noArguments("_init", methods, INIT, "Make the engine; once per object.")
                .driven(
                        "_before_fork",
                        new ErrandMethod(methods, BEFORE_FORK, false),
                        "Send what waits for the end of the iteration.")
                .noArguments("_flush_datagrams", methods, FLUSH_DATAGRAMS, "Send the datagrams that were put off.")
                .noArguments("_after_fork", methods, AFTER_FORK, "Take descriptors of its own, in a forked child.")
                .noArguments("_release", methods, RELEASE, "Give the engine's memory and descriptors back.")
                .keywords("call_soon", methods, CALL_SOON, Docs.CALL_SOON)
                .keywords("call_soon_threadsafe", methods, CALL_SOON_THREADSAFE, Docs.CALL_SOON_THREADSAFE)
                .keywords("call_later", methods, CALL_LATER, Docs.CALL_LATER)
                .keywords("call_at", methods, CALL_AT, Docs.CALL_AT)
                .drivenKeywords("create_task", TaskMethod.METHOD, Docs.createTask(Stock.takesAnyTaskOption()))
                .noArguments("time", methods, TIME, Docs.TIME)
                .noArguments("_get_debug", methods, GET_DEBUG, Docs.GET_DEBUG)
                .driven("_run_once", LoopRun.METHOD, "Run one iteration; inside run_forever, all of them.")
                .noArguments("_write_to_self", methods, WAKE, "Wake the loop up, from any thread.")
                .noArguments(
                        "_self_pipe", methods, SELF_PIPE, "Return the ends of the self-pipe, the reading one first.")
                .oneArgument("_enqueue", methods, ENQUEUE, "Queue a handle to run in the next iteration.")
                .noArguments("_clear", methods, CLEAR, "Drop all queued handles and timers.")
                .noArguments("_ready_count", methods, READY_COUNT, "Return the number of queued handles.")
                .oneArgument("_timer_handle_cancelled", methods, TIMER_CANCELLED, "Count a cancelled timer.")
                .keywords("_add_reader", methods, ADD_READER, "Run a callback whenever fd is readable.")
                .oneArgument("_remove_reader", methods, REMOVE_READER, "Undo _add_reader; tell whether there was one.")
                .keywords("_add_writer", methods, ADD_WRITER, "Run a callback whenever fd is writable.")
                .oneArgument("_remove_writer", methods, REMOVE_WRITER, "Undo _add_writer; tell whether there was one.")
                .keywords("_watch_once", methods, WATCH_ONCE, "Have a future done when a descriptor is ready.")
                .keywords("_unwatch_once", methods, UNWATCH_ONCE, "Undo _watch_once, if it is still in force.")
                .oneArgument(
                        "_reader", methods, READER, "Return the handle that fd is watched with for reading, or None.")
                .oneArgument(
                        "_writer", methods, WRITER, "Return the handle that fd is watched with for writing, or None.")
                .oneArgument(
                        "_transport", methods, TRANSPORT, "Return the transport that a descriptor belongs to, or None.")
                .staticMethod("_transport_types", methods, TRANSPORT_TYPES, "Build the types of transports; once.")
                .staticMethod("_datagram_type", methods, DATAGRAM_TYPE, "Build the type of datagram transports; once.")
                .staticMethod(
                        "_track_kept_handles",
                        methods,
                        TRACK_KEPT_HANDLES,
                        "Prepare the handles that programs keep, of all loops, for a full garbage collection.")
                .keywords("_set", methods, SET, "Tell the engine the value of one of the loop's attributes.");
        Outside.addTo(builder);
        long type = builder.build(Objects.NULL);
        Loops.setLoopType(type);
        return type;
    }

    @Override
    public @Nullable LoopObject loopOf(@Borrowed long self) {
        return Loops.findOwn(self);
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        return switch (method) {
            case CALL_SOON -> callSoon(self, arguments, count, names);
            case CALL_SOON_THREADSAFE -> callSoonThreadsafe(self, arguments, count, names);
            case CALL_LATER -> callLater(self, arguments, count, names);
            case CALL_AT -> callAt(self, arguments, count, names);
            case ADD_READER -> watch(self, Interest.READ, arguments, count, names);
            case ADD_WRITER -> watch(self, Interest.WRITE, arguments, count, names);
            case WATCH_ONCE -> Waiters.watch(self, arguments, count, names);
            case UNWATCH_ONCE -> Waiters.unwatch(self, arguments, count, names);
            case SET -> set(self, arguments, count);
            default -> ErrandMethods.super.call(method, self, arguments, count, names);
        };
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        switch (method) {
            case TRANSPORT_TYPES -> {
                return transportTypes();
            }
            case DATAGRAM_TYPE -> {
                return DatagramType.build();
            }
            case TIME -> {
                LoopObject loop = Loops.findOwn(self);
                return loop == null ? Clock.time() : loop.time();
            }
            case READY_COUNT -> {
                return Numbers.fromLong(Loops.get(self).engine().readyCount());
            }
            case GET_DEBUG -> {
                return isDebug(self);
            }
            case SELF_PIPE -> {
                return selfPipe(Loops.get(self).engine().selfPipe());
            }
            case WAKE -> wake(self);
            case CLEAR -> Loops.get(self).engine().clear();
            case INIT -> init(self);
            case RELEASE -> release(self);
            case BEFORE_FORK -> beforeFork(self);
            case FLUSH_DATAGRAMS -> flushDatagrams(self);
            case AFTER_FORK -> afterFork(self);
            case TRACK_KEPT_HANDLES -> Loops.forEach(LoopObject::trackKeptHandles);
            default -> throw new IllegalArgumentException("method " + method);
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, @Borrowed long argument) {
        return switch (method) {
            case ENQUEUE -> enqueue(self, argument);
            case REMOVE_READER -> unwatch(self, Interest.READ, argument);
            case REMOVE_WRITER -> unwatch(self, Interest.WRITE, argument);
            case TIMER_CANCELLED -> timerCancelled(self, argument);
            case TRANSPORT -> transport(self, argument);
            case READER -> watcher(self, Interest.READ, argument);
            case WRITER -> watcher(self, Interest.WRITE, argument);
            default -> ErrandMethods.super.call(method, self, argument);
        };
    }

    @Inlined
    private static long callSoon(long self, long arguments, long count, long names) {
        LoopObject loop = Loops.get(self);
        if (!loop.isPlain() || !Arguments.areUsual(1, count, names)) {
            return Stock.callSoon(self, arguments, count, names);
        }
        long handle = soonHandle(loop, Handles.SOON, self, arguments, count, names);
        queue(loop, handle);
        return handle;
    }

    @Inlined
    private static long callSoonThreadsafe(long self, long arguments, long count, long names) {
        LoopObject loop = Loops.get(self);
        if (!loop.isPlain() || !Arguments.areUsual(1, count, names)) {
            return Stock.callSoonThreadsafe(self, arguments, count, names);
        }
        long handle = soonHandle(loop, Handles.THREADSAFE, self, arguments, count, names);
        // The GIL is the loop's lock, so the handle goes straight to the queue, in the order asyncio has it.
        queue(loop, handle);
        loop.engine().wake();
        return handle;
    }

    /** Queues a handle that the caller goes on to own; if there is no memory for it, the handle is gone. */
    @Inlined
    private static void queue(LoopObject loop, @Owned long handle) {
        try {
            loop.engine().callSoon(References.retain(handle));
        } catch (OutOfMemoryError e) {
            References.release(handle);
            Handles.retire(handle);
            throw e;
        }
    }

    @Inlined
    private static long soonHandle(
            LoopObject loop, HandlePool pool, long self, long arguments, long count, long names) {
        return pool.take(
                References.retain(Memory.getLong(arguments)),
                ArgumentTuples.take(arguments + Long.BYTES, count - 1),
                Arguments.context(loop, arguments, count, names),
                self);
    }

    @Inlined
    private static long callLater(long self, long arguments, long count, long names) {
        LoopObject loop = Loops.get(self);
        if (!loop.isPlain()
                || loop.isCallAtOverridden()
                || !Arguments.areUsual(2, count, names)
                || !Numbers.isNumber(Memory.getLong(arguments))) {
            return Stock.callLater(self, arguments, count, names);
        }
        double when = loop.seconds() + Numbers.toDouble(Memory.getLong(arguments));
        long timer = timer(loop, self, arguments, count, names);
        HandlePool.setDeadline(timer, when);
        return schedule(loop, when, timer);
    }

    private static long callAt(long self, long arguments, long count, long names) {
        LoopObject loop = Loops.get(self);
        if (loop.isPlain() && Arguments.areUsual(2, count, names) && Numbers.isNumber(Memory.getLong(arguments))) {
            long number = Memory.getLong(arguments);
            double when = Numbers.toDouble(number);
            long timer = timer(loop, self, arguments, count, names);
            HandlePool.setDeadline(timer, References.retain(number));
            return schedule(loop, when, timer);
        }
        long timer = Stock.callAt(self, arguments, count, names);
        if (!loop.isHandedOver()) {
            try {
                PythonSide.takeScheduled(self);
            } catch (PythonException | OutOfMemoryError e) {
                References.release(timer);
                throw e;
            }
        }
        return timer;
    }

    @Inlined
    private static @Owned long timer(LoopObject loop, long self, long arguments, long count, long names) {
        return Handles.TIMERS.take(
                References.retain(Memory.getLong(arguments + Long.BYTES)),
                ArgumentTuples.take(arguments + 2 * Long.BYTES, count - 2),
                Arguments.context(loop, arguments, count, names),
                self);
    }

    @Inlined
    private static @Owned long schedule(LoopObject loop, double when, @Owned long timer) {
        try {
            loop.engine().callAt(when, References.retain(timer));
        } catch (OutOfMemoryError e) {
            References.release(timer);
            Handles.retire(timer);
            throw e;
        }
        Handles.setScheduled(timer, true);
        return timer;
    }

    private static void init(long self) {
        if (Loops.isInitialized(self)) {
            throw PythonException.runtimeError("the event loop is initialized already");
        }
        LoopObject loop;
        try {
            loop = make(self);
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
        try {
            Loops.enter(self, loop);
        } catch (OutOfMemoryError e) {
            loop.close();
            throw e;
        }
    }

    /** Tries twice: who makes another loop after a failure of memory is recovering from it. */
    private static LoopObject make(long self) {
        try {
            return new LoopObject(self);
        } catch (OutOfMemoryError e) {
            FullHeap.collect();
            return new LoopObject(self);
        }
    }

    private static void release(long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            Loops.leave(self);
            loop.close();
        }
    }

    private static void beforeFork(long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            loop.beforeFork();
        }
    }

    private static void flushDatagrams(long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            loop.flushDatagrams();
        }
    }

    private static void afterFork(long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop == null) {
            return;
        }
        // Only the thread that forked is left.
        loop.afterSleep();
        try {
            loop.engine().afterFork();
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
    }

    private static void wake(long self) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            loop.engine().wake();
        }
    }

    private static @Owned long selfPipe(SelfPipe pipe) {
        long reader = Numbers.fromLong(pipe.reader());
        long writer = Numbers.fromLong(pipe.writer());
        long ends = Tuples.of(reader, writer);
        References.release(reader);
        References.release(writer);
        return ends;
    }

    private static long enqueue(long self, long handle) {
        if (!Objects.isInstance(handle, HandleLayout.STOCK_HANDLE)) {
            throw PythonException.typeError("only instances of asyncio.Handle can be queued");
        }
        Loops.get(self).queue(References.retain(handle));
        return Objects.none();
    }

    private static long isDebug(long self) {
        LoopObject loop = Loops.findOwn(self);
        return loop != null && loop.isDebugFalse() ? Objects.bool(false) : Objects.getAttribute(self, Names.DEBUG);
    }

    private static long timerCancelled(long self, long timer) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null && loop.isHandedOver()) {
            Stock.timerCancelled(self, timer);
        } else if (loop != null
                && Handles.isTimer(timer)
                && HandleLayout.slot(timer, HandleLayout.SCHEDULED) == Objects.TRUE) {
            loop.engine().timerSaidCancelled();
        }
        return Objects.none();
    }

    private static long watch(long self, int kind, long arguments, long count, long names) {
        LoopObject loop = Loops.get(self);
        if (loop.isClosed()) {
            throw PythonException.runtimeError("Event loop is closed");
        }
        if (!Arguments.areUsual(2, count, names)) {
            throw PythonException.typeError("expected a file descriptor, a callback, its arguments and a context");
        }
        long descriptor = Arguments.descriptor(self, Memory.getLong(arguments));
        if (!Arguments.isPossible(descriptor)) {
            throw PythonException.overflowError("file descriptor " + descriptor + " is greater than any there can be");
        }
        long handle = watchHandle(loop, self, arguments, count, names);
        int result;
        try {
            result = loop.engine().watch((int) descriptor, kind, References.retain(handle));
        } catch (OutOfMemoryError e) {
            References.release(handle);
            References.release(handle);
            throw e;
        }
        if (result < 0) {
            References.release(handle);
            References.release(handle);
            throw PythonException.osError(-result);
        }
        return handle;
    }

    private static @Owned long watchHandle(LoopObject loop, long self, long arguments, long count, long names) {
        long callback = Memory.getLong(arguments + Long.BYTES);
        long args = Tuples.copyOf(arguments + 2 * Long.BYTES, count - 2);
        if (loop.isDebug()) {
            // It remembers where it was made.
            try {
                boolean given = names != Objects.NULL;
                return Stock.handle(
                        callback, args, self, given ? Memory.getLong(arguments + count * Long.BYTES) : Objects.NONE);
            } finally {
                References.release(args);
            }
        }
        long context = Arguments.context(loop, arguments, count, names);
        long handle = Handles.SOON.take(References.retain(callback), args, context, self);
        Types.track(handle);
        return handle;
    }

    private static long unwatch(long self, int kind, long file) {
        LoopObject loop = Loops.findOwn(self);
        if (loop == null || loop.isClosed()) {
            return Objects.bool(false);
        }
        long descriptor = Arguments.descriptor(self, file);
        return Objects.bool(Arguments.isPossible(descriptor) && loop.engine().unwatch((int) descriptor, kind));
    }

    private static long watcher(long self, int kind, long descriptor) {
        LoopObject loop = Loops.findOwn(self);
        long number = Numbers.toLongSaturated(descriptor);
        if (loop == null || number < 0 || !Arguments.isPossible(number)) {
            return Objects.none();
        }
        long handle = loop.engine().watcher((int) number, kind);
        return handle == Objects.NULL ? Objects.none() : References.retain(Sources.object(handle));
    }

    private static long transport(long self, long descriptor) {
        LoopObject loop = Loops.findOwn(self);
        long transport = loop == null ? Objects.NULL : loop.descriptors().get(Numbers.toLongSaturated(descriptor));
        return transport == Objects.NULL ? Objects.none() : References.retain(transport);
    }

    private static long transportTypes() {
        long stream = StreamType.build();
        long acceptor = Acceptors.build();
        long types = Tuples.of(stream, acceptor);
        References.release(stream);
        References.release(acceptor);
        return types;
    }

    /** The attributes that inherited code keeps on the Python object and the engine must follow. */
    private static long set(long self, long arguments, long count) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null && count == 2) {
            long name = Memory.getLong(arguments);
            long value = Memory.getLong(arguments + Long.BYTES);
            if (name == Names.STOPPING) {
                loop.engine().setStopping(Objects.isTrue(value));
            } else if (name == Names.DEBUG) {
                loop.setDebug(value);
            } else if (name == Names.CLOSED) {
                loop.setClosed(Objects.isTrue(value));
            } else if (name == Names.TIME) {
                loop.setClockOverridden(Objects.isTrue(value));
            } else if (name == Names.STOCK_TIME) {
                loop.setStockClockReplaced(Objects.isTrue(value));
            } else if (name == Names.CALL_AT) {
                loop.setCallAtOverridden(Objects.isTrue(value));
            } else if (name == Names.CALL_SOON) {
                loop.setCallSoonOverridden(Objects.isTrue(value));
            } else if (name == Names.MAIN_THREAD) {
                loop.setInMainThread(Objects.isTrue(value));
            } else if (name == Names.FOREVER) {
                loop.setForever(Objects.isTrue(value));
            } else if (name == Names.TASK_FACTORY) {
                loop.setTaskFactory(value != Objects.NONE);
            } else if (name == Names.FOREIGN_TRANSPORTS) {
                loop.setForeignTransports();
            } else if (name == Names.INTERNAL_FDS) {
                loop.engine().setInternalWatches((int) Numbers.toLong(value));
            }
        }
        return Objects.none();
    }

    private static void traverse(@Borrowed long self, Traverse.Visitor visitor) {
        // A heap type that traverses by itself also shows its own type.
        visitor.accept(Objects.type(self));
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            loop.traverse(visitor);
        }
    }
}
