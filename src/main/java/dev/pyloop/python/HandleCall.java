package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/**
 * The call of a handle's callback, between its preparation and its end by {@link HandleRunner}. Its context is entered.
 *
 * <p>One for each run of the loop, used again for each callback. Guarded by the GIL.
 */
final class HandleCall {
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

    @Inlined
    void set(@Nullable HandlePool pool, long handle, long callback, long args, long context) {
        this.pool = pool;
        this.handle = handle;
        this.callback = callback;
        this.args = args;
        this.context = context;
    }

    /** Asks whoever drives the loop to make the call. */
    @Inlined
    void request(long request) {
        Calls.request(request, callback, Tuples.items(args), Tuples.size(args));
    }
}
