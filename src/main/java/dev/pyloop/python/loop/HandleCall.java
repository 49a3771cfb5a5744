package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/**
 * The call of a handle's callback, between its preparation and its end by {@link HandleRunner}. Its context is entered.
 *
 * <p>One for each run of the loop, used again for each callback, as is the {@link Turn} of sources that comes with it. Guarded
 * by the GIL.
 */
final class HandleCall {
    final Turn turn;

    /** The pool that the handle goes back to; null if somebody else may see the handle. */
    @Nullable
    HandlePool pool;

    @Borrowed
    long handle;

    @Borrowed
    long callback;

    @Borrowed
    long args;

    @Borrowed
    long context;

    /** When the call was asked for, in nanoseconds, where the loop measures callbacks; else {@value SlowCalls#NOT_MEASURED}. */
    long start = SlowCalls.NOT_MEASURED;

    /** Makes the calls of the run that is driven with {@code request}. */
    HandleCall(long request) {
        turn = new Turn(request);
    }

    @Inlined
    void set(@Nullable HandlePool pool, long handle, long callback, long args, long context) {
        this.pool = pool;
        this.handle = handle;
        this.callback = callback;
        this.args = args;
        this.context = context;
    }

    /** Asks the driver of the loop to make the call, unless the turn of a source has asked for another. */
    @Inlined
    void request(long request) {
        if (!turn.isAsking()) {
            Calls.request(request, callback, Tuples.items(args), Tuples.size(args));
        }
    }
}
