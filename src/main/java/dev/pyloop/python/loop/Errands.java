package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.Imports;
import java.util.Arrays;

/**
 * Python functions that one loop's engine needs called but must not call itself: they may run the program's code, which must
 * not have Java frames under it.
 *
 * <p>An errand is noted where it arises and run when Java has returned: before the method that the program has called returns
 * ({@link ErrandMethod}), or before the loop goes on ({@link LoopObject}). It is run in the context that is
 * current where it arises. Owned by the loop. Guarded by the GIL.
 */
public final class Errands {
    private static final String MODULE = "pyloop._for_engine.errands";

    private static final class Python {
        static final @Borrowed long RUN = Imports.attribute(MODULE, "run");
        static final @Borrowed long RUN_FOR_LOOP = Imports.attribute(MODULE, "run_for_loop");
    }

    /** Of each a context or {@code None}, a function and a tuple of its arguments. */
    private static final int FIELDS = 3;

    /** How many errands all loops have had. A caller that finds it unchanged has left none. */
    private static int total;

    private static final long[] NONE = {};

    private final @Borrowed long loop;
    private final RunnerThread runner;
    private @Owned long[] fields = NONE;
    private int end;

    /** Makes the errands of {@code loop}, the Python object. */
    Errands(@Borrowed long loop, RunnerThread runner) {
        this.loop = loop;
        this.runner = runner;
    }

    /** Looks the functions up: not to be done with an exception pending. */
    public static void prepare() {
        assert Python.RUN != Objects.NULL;
    }

    /** Returns a number that is another when there have been more errands of any loop. */
    @Inlined
    static int total() {
        return total;
    }

    /** Changes {@link #total}, so that a caller that compares it looks for errands. */
    static void noteLeft() {
        total++;
    }

    @Inlined
    public boolean isEmpty() {
        return end == 0;
    }

    /** Has {@code function} called with {@code arguments}, in {@code context}: the current one, NULL for none. */
    void addIn(@Borrowed long context, @Borrowed long function, @Borrowed long... arguments) {
        if (end == fields.length) {
            fields = Arrays.copyOf(fields, Math.max(2 * end, FIELDS));
        }
        @Owned long tuple = Tuples.of(arguments);
        fields[end] = References.retain(context == Objects.NULL ? Objects.NONE : context);
        fields[end + 1] = References.retain(function);
        fields[end + 2] = tuple;
        end += FIELDS;
        total++;
    }

    /** Has {@code function} called with {@code arguments}, in the context that is current now. */
    void add(@Borrowed long function, @Borrowed long... arguments) {
        addIn(Contexts.current(runner.threadState()), function, arguments);
    }

    /**
     * Has {@code function} called with {@code first}, the pending exception and {@code last}; or throws the exception if it is
     * one that leaves the loop.
     */
    void addReport(@Borrowed long function, @Borrowed long first, @Borrowed long last) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        @Owned long exception = Errors.take();
        try {
            add(function, first, exception, last);
        } finally {
            References.release(exception);
        }
    }

    /** Asks for a call that runs all of them; what they raise leaves it. {@link #endRequest} follows. */
    void request(long request) {
        Calls.requestFunction(request, Python.RUN, take(runner.threadState()), Objects.NULL);
    }

    /** Ends what {@link #request} began, given the argument of the call. */
    static void endRequest(@Owned long errands) {
        References.release(errands);
    }

    /**
     * As {@link #request}, after which {@code step} goes on with the turn; all that they raise is reported but what leaves the
     * loop.
     *
     * @return true, as a step of the turn does
     */
    boolean request(Turn turn, Turn.Step step) {
        @Owned long all = take(runner.threadState());
        turn.callFunction(Python.RUN_FOR_LOOP, References.retain(loop), all, step);
        return true;
    }

    /** Drops them all. */
    void clear() {
        @Owned long[] dropped = fields;
        int count = end;
        fields = NONE;
        end = 0;
        for (int i = 0; i < count; i++) {
            References.release(dropped[i]);
        }
    }

    void traverse(Traverse.Visitor visitor) {
        for (int i = 0; i < end; i++) {
            visitor.accept(fields[i]);
        }
    }

    /** Returns a tuple of the fields of all; there are none left then. */
    private @Owned long take(long threadState) {
        for (int i = 0; i < end; i += FIELDS) {
            fields[i] = enterable(fields[i], threadState);
        }
        @Owned long all = Tuples.of(Arrays.copyOf(fields, end));
        clear();
        return all;
    }

    /** Returns {@code context} if it can be entered, {@code None} if this thread is in it, and a copy otherwise. */
    private static @Owned long enterable(@Owned long context, long threadState) {
        if (context == Objects.NONE || !Contexts.isEntered(context)) {
            return context;
        }
        @Owned long other = context == Contexts.current(threadState) ? Objects.none() : Contexts.copyOf(context);
        References.release(context);
        return other;
    }
}
