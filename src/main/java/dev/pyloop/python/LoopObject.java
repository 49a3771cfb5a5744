package dev.pyloop.python;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.Types;
import dev.pyloop.cpython.WakeupDescriptor;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.loop.Host;
import dev.pyloop.memory.NativeLock;
import dev.pyloop.reactor.Poller;
import dev.pyloop.reactor.epoll.EpollPoller;
import dev.pyloop.transport.DatagramIo;
import dev.pyloop.transport.StreamIo;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The Java side of one Python event loop: the engine, and what it needs of Python.
 *
 * <p>Owned by the Python object, whose address it borrows; it dies in {@link #close()}. Guarded by the GIL, which
 * {@link #lock()} lets a system call give up while the engine sleeps.
 */
final class LoopObject implements Callbacks, Host {
    /** As much as asyncio receives at a time. */
    private static final int READ_BUFFER = 256 * 1024;
    /** What a pipe holds, unless somebody has changed that. */
    private static final int WIDE_PIPE_BUFFER = 64 * 1024;

    private final @Borrowed long self;
    private final EventLoop engine;
    private final HandleRunner handles;
    private boolean closed;
    private boolean debug;
    private boolean debugFalse;
    /** Whether asyncio's own iteration runs the callbacks; then Python has the queues, and the engine's are empty. */
    private boolean handedOver;
    /** Whether it is none of these three. */
    private boolean plain = true;

    /** The versions of the loop's type and of {@code asyncio.TimerHandle}, whose base is {@code Handle}, that were looked at. */
    private int knownVersion;

    private int knownHandleVersion;

    /** Whether the program has a method of its own for the time. */
    private boolean ownClock;
    /** Whether it is to be asked, for that or for the next reason. */
    private boolean clockOverridden;
    /** Whether the clock that ours stands for, that of asyncio's loops, is not asyncio's. */
    private boolean stockClockReplaced;

    private boolean callAtOverridden;
    private boolean callSoonOverridden;
    /** Whether the loop runs in the main thread, which alone hears of signals. */
    private boolean inMainThread;
    /** Whether signals wake the loop that sleeps only as long as it does. */
    private boolean wakeupClaimed;

    private boolean forever;
    private boolean hasTaskFactory;
    private final TaskKeywords taskKeywords = new TaskKeywords();

    private boolean foreignTransports;
    private final Flushes flushes = new Flushes();
    private final Errands errands = new Errands();
    private final DescriptorTable descriptors = new DescriptorTable();
    private final ReadBuffer readBuffer = new ReadBuffer(READ_BUFFER);
    private final ReadBuffer widePipeBuffer = new ReadBuffer(WIDE_PIPE_BUFFER);
    private final PeerAddresses peers = new PeerAddresses();
    private @Nullable StreamIo streamIo;
    private @Nullable DatagramIo datagramIo;
    private @Nullable Thread runner;
    private long runnerState;
    /** How many runs have begun and not ended: more than one where a callback runs its own loop. */
    private int runs;
    /** Where {@link #run} puts what it prepares: that of the run that goes on. */
    private HandleCall call = new HandleCall(Objects.NULL);

    /** Shows a handle to {@link #collector}: made once, for {@link #traverse} must not allocate. */
    private final LongConsumer showing = this::show;

    private Traverse.@Nullable Visitor collector;

    /** Makes the engine; {@code self} is the Python object that will own this one. */
    LoopObject(@Borrowed long self) {
        this.self = self;
        handles = new HandleRunner(flushes.datagrams(), errands);
        engine = engine(new EpollPoller());
    }

    private EventLoop engine(Poller poller) {
        try {
            return new EventLoop(this, this, poller);
        } catch (OutOfMemoryError | SystemCallException e) {
            poller.close();
            throw e;
        }
    }

    /** Returns what tells other threads which handle of {@code call_soon_threadsafe} runs. */
    RunningHandle running() {
        return handles.running();
    }

    /** Returns the engine. */
    @Inlined
    EventLoop engine() {
        return engine;
    }

    /** Tells whether calls may take the short way: the loop is neither closed nor in debug mode nor handed over. */
    @Inlined
    boolean isPlain() {
        return plain;
    }

    boolean isClosed() {
        return closed;
    }

    boolean isDebug() {
        return debug;
    }

    void setClosed(boolean closed) {
        this.closed = closed;
        setPlain();
    }

    /** Tells whether {@code self._debug} is {@code False}, and not something else that means as much. */
    boolean isDebugFalse() {
        return debugFalse;
    }

    /** Says what {@code self._debug} is. */
    void setDebug(@Borrowed long value) {
        // First, for the value may refuse to be true or false.
        debugFalse = value == Objects.FALSE;
        debug = Objects.isTrue(value);
        setPlain();
    }

    /** Tells whether asyncio's own iteration runs the callbacks. */
    boolean isHandedOver() {
        return handedOver;
    }

    /** Says whether asyncio's own iteration runs the callbacks; what is written is sent at once then. */
    void setHandedOver(boolean handedOver) {
        this.handedOver = handedOver;
        engine.setHandedOver(handedOver);
        setPlain();
        if (handedOver) {
            setRunner(null);
        }
    }

    /** Tells whether the loop makes tasks as asyncio does without a factory, and neither closed nor in debug mode. */
    @Inlined
    boolean makesPlainTasks() {
        return !hasTaskFactory && !closed && !debug;
    }

    /** Returns what the loop makes tasks with. */
    @Inlined
    TaskKeywords taskKeywords() {
        return taskKeywords;
    }

    /** Tells whether the loop runs. */
    @Inlined
    boolean isInRun() {
        return runs != 0;
    }

    /** Returns the Python object that owns this one. */
    @Borrowed
    long self() {
        return self;
    }

    /** Says whether the loop has a factory of tasks. */
    void setTaskFactory(boolean present) {
        hasTaskFactory = present;
    }

    private void setPlain() {
        plain = !closed && !debug && !handedOver;
    }

    /** Says whether the loop runs in the main thread. */
    void setInMainThread(boolean inMainThread) {
        this.inMainThread = inMainThread;
    }

    /** Says whether {@code self.call_soon()}, by which transports schedule what they do, is not ours. */
    void setCallSoonOverridden(boolean overridden) {
        callSoonOverridden = overridden;
    }

    /** Says whether {@code self.time()} is not ours. */
    void setClockOverridden(boolean overridden) {
        ownClock = overridden;
        clockOverridden = ownClock || stockClockReplaced;
    }

    /** Says whether asyncio's {@code time()}, which ours stands for, is replaced. */
    void setStockClockReplaced(boolean replaced) {
        stockClockReplaced = replaced;
        clockOverridden = ownClock || stockClockReplaced;
    }

    /** Returns the time as {@code EventLoop.time()} tells it. */
    @Owned
    long time() {
        return stockClockReplaced ? Stock.time(self) : Clock.time();
    }

    /** Tells whether {@code self.call_at()}, which {@code call_later} goes through, is not ours. */
    @Inlined
    boolean isCallAtOverridden() {
        return callAtOverridden;
    }

    /** Says whether {@code self.call_at()} is not ours. */
    void setCallAtOverridden(boolean overridden) {
        callAtOverridden = overridden;
    }

    /** Says whether {@code run_forever} runs, so that a run goes on until the loop is stopped. */
    void setForever(boolean forever) {
        this.forever = forever;
    }

    /** Tells whether there was ever a transport that is none of ours, so that Python alone knows its descriptor. */
    boolean hasForeignTransports() {
        return foreignTransports;
    }

    /** Takes note of a transport that is none of ours. */
    void setForeignTransports() {
        foreignTransports = true;
    }

    /** Returns what the engine wants to have called when Java has returned. */
    @Inlined
    Errands errands() {
        return errands;
    }

    /** Has {@code function} called with {@code arguments} when Java has returned, in the context that is current now. */
    void addErrand(@Borrowed long function, @Borrowed long... arguments) {
        errands.add(Contexts.current(threadState()), function, arguments);
    }

    /**
     * Has {@code function} called with {@code first}, the pending exception and {@code last}, when Java has returned; or throws
     * the exception if it is one that leaves the loop.
     */
    void addReport(@Borrowed long function, @Borrowed long first, @Borrowed long last) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        @Owned long exception = Errors.take();
        try {
            addErrand(function, first, exception, last);
        } finally {
            References.release(exception);
        }
    }

    /**
     * Begins a run of iterations, driven with {@code request}: until the loop is stopped inside {@code run_forever}, of one
     * otherwise.
     */
    LoopRun beginRun(long request) {
        if (runs > 0 && runner != Thread.currentThread()) {
            throw PythonException.runtimeError("This event loop is already running");
        }
        LoopRun run = new LoopRun(this, new EventLoop.Run(!forever), request);
        if (runs++ == 0) {
            setRunner(Thread.currentThread());
            runnerState = Gil.threadState();
            handles.setThreadState(runnerState);
        }
        return run;
    }

    /** Goes on with a run; false when it is over. Otherwise its call is to be made. */
    @Inlined
    boolean advance(LoopRun run) {
        HandleCall outer = call;
        call = run.call();
        try {
            return engine.advance(run.progress());
        } finally {
            // A handler of a signal may have run the loop in there, by a run of its own.
            call = outer;
        }
    }

    /** Ends the call of a run; true if another is to be made before the run goes on. */
    @Inlined
    boolean finish(HandleCall made, @Owned long result) {
        if (made.turn.isAsking()) {
            return goOn(made.turn, made.turn.takeStep(), result);
        }
        handles.finish(made, result);
        flushes.endCallback();
        return !errands.isEmpty() && runErrands(made.turn, Turn.OVER);
    }

    /** A run is over: what is written from now on is sent at once. */
    void endRun() {
        if (--runs == 0) {
            setRunner(null);
            taskKeywords.release();
        }
    }

    /** Tells whether something was left by the iteration that an exception has ended. */
    boolean hasLeftovers() {
        return !flushes.isEmpty() || !errands.isEmpty();
    }

    /** Sends what was written in that iteration; true if errands are to be run then. No exception may be pending. */
    boolean finishLeftovers(Turn turn) {
        flushes.endIteration();
        return !errands.isEmpty() && runErrands(turn, Turn.OVER);
    }

    /** Asks for the errands to be run, after which {@code step} goes on with the turn. */
    boolean runErrands(Turn turn, Step step) {
        errands.request(turn, self, threadState(), step);
        return true;
    }

    private void setRunner(@Nullable Thread thread) {
        runner = thread;
        if (streamIo != null) {
            streamIo.setRunner(thread);
        }
    }

    /** Returns what the loop's streams share, which is made for the first of them. */
    StreamIo streamIo() {
        if (streamIo == null) {
            streamIo = new StreamIo(engine, this, flushes.streams());
            streamIo.setRunner(runner);
        }
        return streamIo;
    }

    /** Returns what the loop's datagram transports share, which is made for the first of them. */
    DatagramIo datagramIo() {
        if (datagramIo == null) {
            datagramIo = new DatagramIo(streamIo(), flushes.datagrams());
        }
        return datagramIo;
    }

    /** Returns the addresses of those who sent datagrams. */
    PeerAddresses peers() {
        return peers;
    }

    /** Returns where the loop's streams receive, sockets and pipes. */
    ReadBuffer readBuffer() {
        return readBuffer;
    }

    /** Returns where those of the loop's pipes are read into that were made wide. */
    ReadBuffer widePipeBuffer() {
        return widePipeBuffer;
    }

    /** Returns which descriptors belong to transports. */
    DescriptorTable descriptors() {
        return descriptors;
    }

    /** Sends the datagrams that an errand has put off, as at the end of a callback. */
    void flushDatagrams() {
        flushes.datagrams().flushIfMany();
    }

    /** Does what {@code loop.call_soon(callback, argument, context=…)} does; NULL stands for no context. */
    void callSoon(@Borrowed long callback, @Borrowed long argument, @Borrowed long contextOrNone) {
        boolean given = contextOrNone != Objects.NULL && contextOrNone != Objects.NONE;
        if (callSoonOverridden) {
            PythonSide.callSoon(self, callback, argument, given ? contextOrNone : Objects.NULL);
            return;
        }
        if (!isPlain()) {
            Stock.callSoonIn(self, callback, argument, given ? contextOrNone : Objects.NONE);
            return;
        }
        long context = given ? References.retain(contextOrNone) : Contexts.copyCurrent(threadState());
        queue(Handles.SOON.take(References.retain(callback), ArgumentTuples.of(argument), context, self));
    }

    /** Queues a handle, which is given up if there is no memory for that. */
    void queue(@Owned long handle) {
        try {
            engine.callSoon(handle);
        } catch (OutOfMemoryError e) {
            release(handle);
            throw e;
        }
    }

    /** Queues the turn of a source; see {@link Sources}. */
    void queueSource(@Borrowed long object, int kind) {
        if (handedOver || callSoonOverridden) {
            PythonSide.queueTurn(self, object, kind);
        } else {
            queue(References.retain(object) | kind);
        }
    }

    /** Queues the turn of a source with the descriptors that the next poll finds ready, and before them. */
    void queueSourceAtPoll(@Borrowed long object, int kind) {
        if (handedOver) {
            PythonSide.queueTurn(self, object, kind);
        } else {
            @Owned long handle = References.retain(object) | kind;
            try {
                engine.callAtPoll(handle);
            } catch (OutOfMemoryError e) {
                release(handle);
                throw e;
            }
        }
    }

    /** Sends what waits for the end of a callback or an iteration. */
    void flush() {
        flushes.endIteration();
    }

    /** Returns the state of the calling thread. */
    @Inlined
    long threadState() {
        return Thread.currentThread() == runner ? runnerState : Gil.threadState();
    }

    /** Takes note that a timer in the heap was cancelled. */
    void timerCancelled(@Borrowed long timer) {
        engine.timerCancelled(timer);
    }

    /** Sends what waits for the end of the iteration: after a fork, parent and child would both send it. */
    void beforeFork() {
        flushes.endIteration();
    }

    /** Gives everything back. The loop must not run. */
    void close() {
        setClosed(true);
        engine.close();
        errands.clear();
        peers.clear();
        readBuffer.close();
        widePipeBuffer.close();
        if (datagramIo != null) {
            datagramIo.close();
        }
    }

    /** Shows the collector what the queued handles refer to; see {@link HandlePool} on who is tracked. */
    void traverse(Traverse.Visitor visitor) {
        collector = visitor;
        engine.forEachHandle(showing);
        errands.traverse(visitor);
        collector = null;
    }

    private void show(@Borrowed long handle) {
        Traverse.Visitor visitor = collector;
        if (visitor == null) {
            return;
        }
        if (Sources.isSource(handle)) {
            visitor.accept(Sources.object(handle));
        } else if (Types.isTracked(handle)) {
            visitor.accept(handle);
        } else if (HandleLayout.isPrivate(handle)) {
            visitor.accept(HandleLayout.slot(handle, HandleLayout.CALLBACK));
            showArguments(HandleLayout.slot(handle, HandleLayout.ARGS), visitor);
            visitor.accept(HandleLayout.slot(handle, HandleLayout.CONTEXT));
            visitor.accept(HandleLayout.slot(handle, HandleLayout.LOOP));
        }
    }

    private static void showArguments(@Borrowed long args, Traverse.Visitor visitor) {
        if (args == Objects.NULL || !ArgumentTuples.isUnseen(args)) {
            visitor.accept(args);
            return;
        }
        for (long i = 0; i < Tuples.size(args); i++) {
            visitor.accept(Tuples.get(args, i));
        }
    }

    /**
     * Has the collector track the handles that the program keeps, so that a cycle through one of them and this loop can
     * be found. Not needed for those that nobody keeps: {@link #traverse} shows what they refer to.
     */
    void trackKeptHandles() {
        engine.forEachHandle(handle -> {
            if (!Sources.isSource(handle) && !Types.isTracked(handle) && !HandleLayout.isPrivate(handle)) {
                HandlePool.track(handle);
            }
        });
    }

    @Override
    @Inlined
    public double seconds() {
        return clockOverridden ? overriddenSeconds() : Clock.seconds();
    }

    @Override
    public NativeLock lock() {
        return Gil.lock();
    }

    @Override
    public void beforeSleep() {
        Handles.trimPools();
        if (inMainThread) {
            claimWakeup();
        }
    }

    @Override
    public void afterSleep() {
        if (wakeupClaimed) {
            wakeupClaimed = false;
            WakeupDescriptor.set(WakeupDescriptor.NONE);
        }
    }

    /**
     * Has signals written to the self-pipe as long as the loop sleeps: any thread of the process may take one. Not longer,
     * for a program may set a descriptor of its own, and wonder about ours; and not any more in this run once it has.
     */
    private void claimWakeup() {
        if (!WakeupDescriptor.isAccessible()) {
            // The system interrupts the poll, if it is not another thread that takes the signal.
            Gil.checkSignals();
            return;
        }
        int ours = engine.selfPipe().writer();
        int before = WakeupDescriptor.set(ours);
        if (before == ours) {
            return;
        }
        if (before != WakeupDescriptor.NONE) {
            inMainThread = false;
            WakeupDescriptor.set(before);
            PythonSide.keepWakeup(before);
            return;
        }
        wakeupClaimed = true;
        boolean checked = false;
        try {
            // Those that came before have written nothing.
            Gil.checkSignals();
            checked = true;
        } finally {
            if (!checked) {
                afterSleep();
            }
        }
    }

    @Override
    public boolean breathe(boolean signalled) {
        if (Types.version(Objects.type(self)) != knownVersion
                || Types.version(HandleLayout.STOCK_TIMER) != knownHandleVersion) {
            lookAgain();
        }
        if (!signalled) {
            PythonSide.breathe();
            return false;
        }
        // It runs handlers, which are the program's.
        call.turn.callFunction(PythonSide.breath(), Objects.NULL, Objects.NULL, Turn.OVER);
        return true;
    }

    /** Looks whether the program has replaced methods of the loop's class or of handles, as one of their types has changed. */
    private void lookAgain() {
        PythonSide.lookAgain(self);
        knownVersion = Types.version(Objects.type(self));
        knownHandleVersion = Types.version(HandleLayout.STOCK_TIMER);
    }

    @Override
    @Inlined
    public boolean run(@Owned long handle) {
        HandleCall next = call;
        if (Sources.isSource(handle)) {
            next.turn.begin(handle, debug ? seconds() : 0);
            return goOn(next.turn, Sources.BEGIN, Objects.NULL);
        }
        if (debug ? beginInDebugMode(handle, next) : handles.begin(handle, next)) {
            return true;
        }
        flushes.endCallback();
        return !errands.isEmpty() && runErrands(next.turn, Turn.OVER);
    }

    @Override
    @Inlined
    public boolean endIteration() {
        flushes.endIteration();
        return !errands.isEmpty() && runErrands(call.turn, Turn.OVER);
    }

    @Override
    public boolean isCancelled(@Borrowed long handle) {
        return !Sources.isSource(handle) && HandleLayout.isCancelled(handle);
    }

    @Override
    public void cancel(@Borrowed long handle) {
        if (!Sources.isSource(handle)) {
            Handles.cancel(handle);
        }
    }

    @Override
    public void unschedule(@Borrowed long handle) {
        Handles.setScheduled(handle, false);
    }

    @Override
    public void retain(@Borrowed long handle) {
        References.retain(Sources.object(handle));
    }

    @Override
    public void release(@Owned long handle) {
        if (Sources.isSource(handle)) {
            References.release(Sources.object(handle));
        } else {
            Handles.retire(handle);
        }
    }

    /**
     * Begins the turn of a source in a run of its own, of asyncio's, which looks by itself how long it takes; true if it asks
     * for a call, after which {@link #finish} goes on.
     */
    boolean beginTurn(HandleCall next, @Owned long handle) {
        next.turn.begin(handle, Double.POSITIVE_INFINITY);
        return goOn(next.turn, Sources.BEGIN, Objects.NULL);
    }

    /** Goes on with a turn; true if it asks for a call, or errands do, when it is over. */
    private boolean goOn(Turn turn, Step step, @Owned long result) {
        boolean failed = true;
        try {
            if (step.goOn(turn, result)) {
                return true;
            }
            failed = false;
        } catch (OutOfMemoryError e) {
            Errors.raise(e);
        } catch (SystemCallException e) {
            Errors.setOsError(e.errno());
        } catch (StackOverflowError | RuntimeException e) {
            Errors.raise(e);
        }
        endTurn(turn, failed);
        flushes.endCallback();
        return !errands.isEmpty() && runErrands(turn, Turn.OVER);
    }

    /** Ends a turn, by the pending exception if it has failed. */
    @Inlined
    private void endTurn(Turn turn, boolean failed) {
        boolean fails = failed;
        @Owned long context = turn.takeContext();
        if (context != Objects.NULL) {
            if (!fails) {
                try {
                    // What its protocol has sent, in the context of that.
                    flushes.datagrams().flushIfMany();
                } catch (OutOfMemoryError e) {
                    Errors.raise(e);
                    fails = true;
                } catch (StackOverflowError | RuntimeException e) {
                    Errors.raise(e);
                    fails = true;
                }
            }
            fails |= !Contexts.exit(threadState(), context);
            Contexts.release(context);
        }
        @Owned long handle = turn.end();
        if (fails) {
            failTurn(turn, handle);
            if (handle != Objects.NULL) {
                References.release(Sources.object(handle));
            }
        } else if (handle != Objects.NULL) {
            try {
                if (debug) {
                    logIfSlow(seconds() - turn.start);
                }
            } finally {
                References.release(Sources.object(handle));
            }
        }
    }

    /** Has the pending exception reported, if it is that of a source and does not leave the loop. */
    private void failTurn(Turn turn, @Borrowed long handle) {
        turn.releaseKept();
        if (handle == Objects.NULL) {
            throw PythonException.PENDING;
        }
        try {
            // The function may be looked up now, which is not to be done with an exception pending.
            @Owned long exception = Errors.take();
            @Borrowed long reporter = PythonSide.sourceReporter();
            Errors.restore(exception);
            addReport(reporter, self, Sources.object(handle));
        } catch (OutOfMemoryError | PythonException e) {
            References.release(Sources.object(handle));
            throw e;
        }
    }

    private void logIfSlow(double seconds) {
        @Owned long number = Numbers.fromDouble(seconds);
        try {
            addErrand(PythonSide.slowLogger(), self, number);
        } finally {
            References.release(number);
        }
    }

    private boolean beginInDebugMode(@Owned long handle, HandleCall next) {
        boolean begun = false;
        try {
            if (!HandleLayout.isCancelled(handle)) {
                long arguments = Tuples.of(self, handle);
                begun = handles.beginIndirect(handle, References.retain(PythonSide.debugRunner()), arguments, next);
            }
        } finally {
            if (!begun) {
                Handles.retire(handle);
            }
        }
        return begun;
    }

    private double overriddenSeconds() {
        long time = Calls.callMethod(self, Names.TIME);
        try {
            return Numbers.toDouble(time);
        } finally {
            References.release(time);
        }
    }
}
