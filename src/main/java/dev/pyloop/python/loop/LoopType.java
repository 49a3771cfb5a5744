package dev.pyloop.python.loop;

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
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.SelfPipe;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.Clock;
import dev.pyloop.python.names.Docs;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.Names;
import dev.pyloop.python.names.Stock;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.Poller;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code pyloop._engine.EventLoop}: the methods that run per callback, per timer or per readiness.
 *
 * <p>A base class for {@code pyloop.EventLoop}, which puts it before {@code asyncio.SelectorEventLoop}; it is of no use
 * alone. Calls with a usual shape take the short way; all others go to {@link Stock}.
 */
public final class LoopType implements ErrandMethods {
    private static final int INIT = 0;
    private static final int TIME = 1;
    private static final int GET_DEBUG = 2;
    private static final int WAKE = 3;
    private static final int ENQUEUE = 4;
    private static final int CLEAR = 5;
    private static final int TIMER_CANCELLED = 6;
    private static final int ADD_READER = 7;
    private static final int REMOVE_READER = 8;
    private static final int ADD_WRITER = 9;
    private static final int REMOVE_WRITER = 10;
    private static final int SET = 11;
    private static final int RELEASE = 12;
    private static final int READY_COUNT = 13;
    private static final int READER = 14;
    private static final int WRITER = 15;
    private static final int TRACK_KEPT_HANDLES = 16;
    private static final int TRANSPORT = 17;
    private static final int TRANSPORT_TYPES = 18;
    private static final int WATCH_ONCE = 19;
    private static final int UNWATCH_ONCE = 20;
    private static final int DATAGRAM_TYPE = 21;
    private static final int AFTER_FORK = 22;
    private static final int BEFORE_FORK = 23;
    private static final int SELF_PIPE = 24;
    private static final int FLUSH_DATAGRAMS = 25;

    private final Supplier<Poller> pollers;
    private final TransportTypes transportTypes;

    private LoopType(Supplier<Poller> pollers, TransportTypes transportTypes) {
        this.pollers = pollers;
        this.transportTypes = transportTypes;
    }

    /**
     * Builds the type.
     *
     * @param pollers makes the poller of each loop
     * @param transportTypes builds the types of transports when the first loop asks for them
     */
    public static @Owned long build(Supplier<Poller> pollers, TransportTypes transportTypes) {
        LoopType methods = new LoopType(pollers, transportTypes);
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
                .keywords("call_soon", Scheduling::callSoon, Docs.CALL_SOON)
                .keywords("call_soon_threadsafe", Scheduling::callSoonThreadsafe, Docs.CALL_SOON_THREADSAFE)
                .keywords("call_later", Scheduling::callLater, Docs.CALL_LATER)
                .keywords("call_at", Scheduling::callAt, Docs.CALL_AT)
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
        Measures.addTo(builder);
        long type = builder.build(Objects.NULL);
        Loops.setLoopType(type);
        Waiters.enter();
        return type;
    }

    @Override
    public @Nullable LoopObject loopOf(@Borrowed long self) {
        return Loops.findOwn(self);
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        return switch (method) {
            case ADD_READER -> Watching.watch(self, Interest.READ, arguments, count, names);
            case ADD_WRITER -> Watching.watch(self, Interest.WRITE, arguments, count, names);
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
                return transportTypes.buildStreams();
            }
            case DATAGRAM_TYPE -> {
                return transportTypes.buildDatagrams();
            }
            case TIME -> {
                LoopObject loop = Loops.findOwn(self);
                return loop == null ? Clock.time() : loop.state().time();
            }
            case READY_COUNT -> {
                return Numbers.fromLong(Loops.get(self).engine().readyCount());
            }
            case GET_DEBUG -> {
                return isDebug(self);
            }
            case SELF_PIPE -> {
                return selfPipe(Loops.get(self).engine().readiness().selfPipe());
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
            case REMOVE_READER -> Watching.unwatch(self, Interest.READ, argument);
            case REMOVE_WRITER -> Watching.unwatch(self, Interest.WRITE, argument);
            case TIMER_CANCELLED -> timerCancelled(self, argument);
            case TRANSPORT -> transport(self, argument);
            case READER -> Watching.watcher(self, Interest.READ, argument);
            case WRITER -> Watching.watcher(self, Interest.WRITE, argument);
            default -> ErrandMethods.super.call(method, self, argument);
        };
    }

    private void init(long self) {
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
    private LoopObject make(long self) {
        try {
            return new LoopObject(self, pollers);
        } catch (OutOfMemoryError e) {
            FullHeap.collect();
            return new LoopObject(self, pollers);
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
            loop.engine().readiness().wake();
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
        return loop != null && loop.state().isDebugFalse()
                ? Objects.bool(false)
                : Objects.getAttribute(self, Names.DEBUG);
    }

    private static long timerCancelled(long self, long timer) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null && loop.state().isHandedOver()) {
            Stock.timerCancelled(self, timer);
        } else if (loop != null
                && Handles.isTimer(timer)
                && HandleLayout.slot(timer, HandleLayout.SCHEDULED) == Objects.TRUE) {
            loop.engine().timerSaidCancelled();
        }
        return Objects.none();
    }

    private static long transport(long self, long descriptor) {
        LoopObject loop = Loops.findOwn(self);
        long transport =
                loop == null ? Objects.NULL : loop.transports().descriptors().get(Numbers.toLongSaturated(descriptor));
        return transport == Objects.NULL ? Objects.none() : References.retain(transport);
    }

    private static long set(long self, long arguments, long count) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null && count == 2) {
            LoopAttributes.set(loop, Memory.getLong(arguments), Memory.getLong(arguments + Long.BYTES));
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
