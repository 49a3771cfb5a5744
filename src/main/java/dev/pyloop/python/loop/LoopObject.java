package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.loop.Host;
import dev.pyloop.memory.NativeLock;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.LoopFunctions;
import dev.pyloop.python.names.Stock;
import dev.pyloop.reactor.Poller;
import java.util.function.Supplier;

/**
 * The Java object of one Python event loop: the engine, and what the engine needs of Python.
 *
 * <p>Owned by the Python object, whose address it borrows; it dies in {@link #close()}. Guarded by the GIL, which
 * {@link #lock()} lets a system call give up while the engine sleeps.
 *
 * <p>More than 400 lines because it is where the parts meet: what each method does is a part's affair.
 */
public final class LoopObject implements Callbacks, Host {
    private final @Borrowed long self;
    private final EventLoop engine;
    private final LoopState state;
    private final RunnerThread runner = new RunnerThread();
    private final PendingSends sends = new PendingSends();
    private final Errands errands;
    private final HandleRunner handles;
    private final TurnRunner turns;
    private final SignalWakeup signals;
    private final QueuedHandles queued;
    private final ReplacedMethods replaced;
    private final TaskKeywords taskKeywords;
    private final LoopTransports transports;
    private final SlowCalls slow;
    /** Whether that is to measure the calls. */
    private boolean measuring;

    /** Where {@link #run} puts what it prepares: that of the run that goes on. */
    private HandleCall call = new HandleCall(Objects.NULL);

    /** Makes the engine, on one of the {@code pollers}; {@code self} is the Python object that will own this one. */
    LoopObject(@Borrowed long self, Supplier<Poller> pollers) {
        this.self = self;
        state = new LoopState(self);
        errands = new Errands(self, runner);
        slow = new SlowCalls(self, errands);
        handles = new HandleRunner(sends.datagrams(), errands);
        replaced = new ReplacedMethods(self);
        taskKeywords = new TaskKeywords(self, runner);
        turns = new TurnRunner(self, state, runner, sends, errands);
        engine = engine(pollers.get());
        try {
            signals = new SignalWakeup(engine.readiness().selfPipe());
            queued = new QueuedHandles(engine);
            transports = new LoopTransports(engine, this, sends);
        } catch (OutOfMemoryError e) {
            engine.close();
            throw e;
        }
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
    public EventLoop engine() {
        return engine;
    }

    /** Returns what inherited code and the program have made of the loop. */
    @Inlined
    LoopState state() {
        return state;
    }

    /** Has calls reported from now on that take so many nanoseconds or more; 0 for none. */
    void measure(long nanos) {
        measuring = nanos > 0;
        slow.setThreshold(nanos);
    }

    /** Returns what the loop makes tasks with. */
    @Inlined
    TaskKeywords taskKeywords() {
        return taskKeywords;
    }

    /** Returns what has signals wake the loop. */
    SignalWakeup signals() {
        return signals;
    }

    /** Tells whether calls may take the short way: the loop is neither closed nor in debug mode nor handed over. */
    @Inlined
    boolean isPlain() {
        return state.isPlain();
    }

    /** Tells whether {@code close()} was called, or is being called. */
    @Inlined
    public boolean isClosed() {
        return state.isClosed();
    }

    /** Tells whether the loop is in debug mode. */
    @Inlined
    public boolean isDebug() {
        return state.isDebug();
    }

    /** Says whether asyncio's own iteration runs the callbacks; what is written is sent at once then. */
    void setHandedOver(boolean handedOver) {
        state.setHandedOver(handedOver);
        engine.setHandedOver(handedOver);
        if (handedOver) {
            runner.forget();
            transports.setRunner(null);
        }
    }

    /** Returns what the engine wants to have called when Java has returned. */
    @Inlined
    public Errands errands() {
        return errands;
    }

    /** Has {@code function} called with {@code arguments} when Java has returned, in the context that is current now. */
    public void addErrand(@Borrowed long function, @Borrowed long... arguments) {
        errands.add(function, arguments);
    }

    /**
     * Has {@code function} called with {@code first}, the pending exception and {@code last}, when Java has returned; or throws
     * the exception if it is one that leaves the loop.
     */
    public void addReport(@Borrowed long function, @Borrowed long first, @Borrowed long last) {
        errands.addReport(function, first, last);
    }

    /**
     * Begins a run: of iterations until the loop is stopped inside {@code run_forever}, of one otherwise.
     *
     * @return how far it has come, for {@link #advance}
     */
    EventLoop.Run beginRun() {
        if (runner.begin()) {
            handles.setThreadState(runner.threadState());
            transports.setRunner(runner.thread());
        }
        EventLoop.Run run = new EventLoop.Run(!state.isForever());
        engine.metrics().beginRun();
        return run;
    }

    /** Takes note that a call is about to be made; returns true. */
    @Inlined
    private boolean asked(HandleCall prepared) {
        if (measuring) {
            slow.begin(prepared);
        }
        return true;
    }

    /** Goes on with a run; false when it is over. Otherwise {@code prepared} is to be called. */
    @Inlined
    boolean advance(EventLoop.Run run, HandleCall prepared) {
        HandleCall outer = call;
        call = prepared;
        try {
            return engine.advance(run) && asked(prepared);
        } finally {
            // A handler of a signal may have run the loop in there, by a run of its own.
            call = outer;
        }
    }

    /** Ends the call of a run; true if another is to be made before the run goes on. */
    @Inlined
    boolean finish(HandleCall made, @Owned long result) {
        if (made.start != SlowCalls.NOT_MEASURED) {
            slow.end(made, result);
        }
        if (made.turn.isAsking()) {
            return turns.goOn(made.turn, made.turn.takeStep(), result) && asked(made);
        }
        handles.finish(made, result);
        sends.endCallback();
        return !errands.isEmpty() && errands.request(made.turn, Turn.OVER);
    }

    /** A run is over: what is written from now on is sent at once. */
    void endRun() {
        engine.metrics().endRun();
        if (runner.end()) {
            transports.setRunner(null);
            taskKeywords.release();
        }
    }

    /** Tells whether something was left by the iteration that an exception has ended. */
    boolean hasLeftovers() {
        return !sends.isEmpty() || !errands.isEmpty();
    }

    /** Sends what was written in that iteration; true if errands are to be run then. No exception may be pending. */
    boolean finishLeftovers(Turn turn) {
        sends.endIteration();
        return !errands.isEmpty() && errands.request(turn, Turn.OVER);
    }

    /** Asks for the errands to be run, after which {@code step} goes on with the turn. */
    public boolean runErrands(Turn turn, Turn.Step step) {
        return errands.request(turn, step);
    }

    /** Returns what the loop's transports share. */
    @Inlined
    public LoopTransports transports() {
        return transports;
    }

    /** Sends the datagrams that an errand has put off, as at the end of a callback. */
    public void flushDatagrams() {
        sends.datagrams().flushIfMany();
    }

    /** Does what {@code loop.call_soon(callback, argument, context=…)} does. NULL stands for no context. */
    public void callSoon(@Borrowed long callback, @Borrowed long argument, @Borrowed long contextOrNone) {
        boolean given = contextOrNone != Objects.NULL && contextOrNone != Objects.NONE;
        if (state.isCallSoonOverridden()) {
            LoopFunctions.callSoon(self, callback, argument, given ? contextOrNone : Objects.NULL);
            return;
        }
        if (!isPlain()) {
            Stock.callSoonIn(self, callback, argument, given ? contextOrNone : Objects.NONE);
            return;
        }
        @Owned long args = ArgumentTuples.of(argument);
        References.retain(callback);
        queue(
                given
                        ? Handles.SOON.take(callback, args, References.retain(contextOrNone), self)
                        : Handles.SOON.takeInCopy(callback, args, threadState(), self));
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
    public void queueSource(@Borrowed long object, int kind) {
        if (state.isHandedOver() || state.isCallSoonOverridden()) {
            LoopFunctions.queueTurn(self, object, kind);
        } else {
            queue(References.retain(object) | kind);
        }
    }

    /** Queues the turn of a source before those of the descriptors that the next poll finds ready. */
    public void queueSourceAtPoll(@Borrowed long object, int kind) {
        if (state.isHandedOver()) {
            LoopFunctions.queueTurn(self, object, kind);
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
        sends.endIteration();
    }

    /** Returns the state of the calling thread. */
    @Inlined
    public long threadState() {
        return runner.threadState();
    }

    /** Takes note that a timer in the heap was cancelled. */
    void timerCancelled(@Borrowed long timer) {
        engine.timerCancelled(timer);
    }

    /** Sends what waits for the end of the iteration: after a fork, parent and child would both send it. */
    void beforeFork() {
        sends.endIteration();
    }

    /** Gives everything back. The loop must not run. */
    void close() {
        state.setClosed(true);
        engine.close();
        errands.clear();
        transports.close();
    }

    /** Shows the collector what the loop refers to. */
    void traverse(Traverse.Visitor visitor) {
        queued.traverse(visitor);
        errands.traverse(visitor);
    }

    /** Has the collector track the handles that the program keeps; see {@link QueuedHandles}. */
    void trackKeptHandles() {
        queued.trackKept();
    }

    @Override
    @Inlined
    public double seconds() {
        return state.seconds();
    }

    @Override
    public NativeLock lock() {
        return Gil.lock();
    }

    @Override
    public boolean beforeSleep() {
        return prepareSleep() && askForBreath();
    }

    /** Prepares a sleep; tells whether the signals that came before are to be handled first. */
    boolean prepareSleep() {
        Handles.trimPools();
        return signals.beforeSleep();
    }

    @Override
    public boolean maySleep() {
        return signals.isInPlace();
    }

    @Override
    public void afterSleep() {
        signals.afterSleep();
    }

    @Override
    public boolean breathe() {
        replaced.lookIfTypesHaveChanged();
        return askForBreath();
    }

    /** Asks for the call that lets the interpreter handle signals: the handlers are the program's. */
    private boolean askForBreath() {
        call.turn.callFunction(LoopFunctions.breath(), Objects.NULL, Objects.NULL, Turn.OVER);
        return true;
    }

    @Override
    @Inlined
    public boolean run(@Owned long handle) {
        HandleCall next = call;
        if (Sources.isSource(handle)) {
            return turns.begin(next.turn, handle);
        }
        if (state.isDebug() ? beginInDebugMode(handle, next) : handles.begin(handle, next)) {
            return true;
        }
        sends.endCallback();
        return !errands.isEmpty() && errands.request(next.turn, Turn.OVER);
    }

    @Override
    @Inlined
    public boolean endIteration() {
        sends.endIteration();
        return !errands.isEmpty() && errands.request(call.turn, Turn.OVER);
    }

    @Override
    public boolean isCancelled(@Borrowed long handle) {
        return !Sources.isSource(handle) && HandleLayout.isCancelled(handle);
    }

    @Override
    public void cancel(@Borrowed long handle) {
        if (!Sources.isSource(handle)) {
            Handles.cancel(handle, state.isDebug());
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
        return turns.beginUntimed(next.turn, handle);
    }

    private boolean beginInDebugMode(@Owned long handle, HandleCall next) {
        boolean begun = false;
        try {
            if (!HandleLayout.isCancelled(handle)) {
                long arguments = Tuples.of(self, handle);
                begun = handles.beginIndirect(handle, References.retain(LoopFunctions.debugRunner()), arguments, next);
            }
        } finally {
            if (!begun) {
                Handles.retire(handle);
            }
        }
        return begun;
    }
}
