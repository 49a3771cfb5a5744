package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/**
 * The turn of one of {@link Sources} in a run of the loop: what it goes on with when the call it asked for has been made, and
 * what it keeps for that.
 *
 * <p>A turn does not call the program's code itself: that may switch greenlets, which move the C stack away, and no Java frame
 * may be on it. The turn asks for the call and returns; the driver of the loop makes the call and comes back. There is one
 * object for each run of the loop, used again for each turn. Guarded by the GIL.
 */
public final class Turn {
    /** What goes on with a turn when a call that it asked for has been made. */
    @FunctionalInterface
    public interface Step {
        /**
         * Goes on after the call, which returned {@code result}, or NULL with an exception pending. Whatever is thrown
         * ends the turn.
         *
         * @return whether it has asked for another call; otherwise the turn is over
         */
        boolean goOn(Turn turn, @Owned long result);
    }

    /** The step after a call whose exceptions are the loop's. */
    public static final Step OVER = Turn::over;

    /** Where the calls are asked for. */
    private final long request;

    /** The step after the call that this turn has asked for; null if it has asked for none. */
    private @Nullable Step next;

    /** The source, as the loop queued it; NULL if only errands are run. */
    private @Owned long handle = Objects.NULL;

    /** The context that the turn has entered, NULL for none. */
    private @Owned long context = Objects.NULL;

    /** What the call that was asked for needs alive. */
    private @Owned long callee = Objects.NULL;

    private @Owned long first = Objects.NULL;
    private @Owned long second = Objects.NULL;

    /** When it began; of use in debug mode only. */
    double start;

    /** Whose turn it is: the Java side of the source. */
    @Nullable
    public Object source;

    /** How often the source was read from. */
    public int reads;

    /** An object that the source keeps from one step to another. */
    @Owned
    public long kept = Objects.NULL;

    /** Makes the turns of the run that is driven with {@code request}. */
    Turn(long request) {
        this.request = request;
    }

    private static boolean over(Turn turn, @Owned long result) {
        References.release(Errors.check(result));
        return false;
    }

    /** Begins the turn of {@code handle}. */
    @Inlined
    void begin(@Owned long handle, double start) {
        this.handle = handle;
        this.start = start;
        reads = 0;
    }

    /** Returns the source, as the loop queued it; NULL if it is nobody's turn. */
    @Borrowed
    @Inlined
    long handle() {
        return handle;
    }

    /** Says that the turn has entered a context, which it leaves when it is over. */
    @Inlined
    public void entered(@Owned long context) {
        this.context = context;
    }

    /** Returns the context that the turn has entered, NULL for none. The caller leaves it and gives it up. */
    @Owned
    @Inlined
    long takeContext() {
        long entered = context;
        context = Objects.NULL;
        return entered;
    }

    /** Ends the turn, and returns its handle. */
    @Owned
    @Inlined
    long end() {
        long ended = handle;
        handle = Objects.NULL;
        source = null;
        return ended;
    }

    /** Tells whether a call was asked for here. */
    @Inlined
    boolean isAsking() {
        return next != null;
    }

    /** Takes note that the call that was asked for was made, and returns what goes on. */
    @Inlined
    Step takeStep() {
        Step step = next;
        if (step == null) {
            throw new IllegalStateException("no call was asked for");
        }
        next = null;
        References.releaseUnlessNull(callee);
        References.releaseUnlessNull(first);
        References.releaseUnlessNull(second);
        return step;
    }

    /** Asks for a call of a method with one argument, or with two if {@code second} is not NULL. */
    @Inlined
    public void callMethod(
            @Borrowed long object, @Borrowed long name, @Owned long first, @Owned long second, Step step) {
        // The call may drop the last reference to the object: a transport may get another protocol in it.
        callee = References.retain(object);
        this.first = first;
        this.second = second;
        next = step;
        Calls.requestMethod(request, object, name, first, second);
    }

    /** Asks for a call of a function with as many arguments as are not NULL. */
    public void callFunction(@Borrowed long function, @Owned long first, @Owned long second, Step step) {
        callee = References.retain(function);
        this.first = first;
        this.second = second;
        next = step;
        Calls.requestFunction(request, function, first, second);
    }

    /** Asks for an attribute. */
    public void getAttribute(@Borrowed long object, @Borrowed long name, Step step) {
        callee = References.retain(object);
        first = Objects.NULL;
        second = Objects.NULL;
        next = step;
        Calls.requestAttribute(request, object, name);
    }

    /** Gives up what the source has kept. */
    public void releaseKept() {
        @Owned long object = kept;
        kept = Objects.NULL;
        References.releaseUnlessNull(object);
    }
}
