package dev.pyloop.python;

import dev.pyloop.cpython.Owned;

/** What is done in the turn of a source when a call that it asked for has been made. Guarded by the GIL. */
@FunctionalInterface
interface Step {
    /**
     * Goes on after the call, which returned {@code result}, or NULL with an exception pending. Whatever is thrown ends the
     * turn.
     *
     * @return whether it has asked for another call; otherwise the turn is over
     */
    boolean goOn(Turn turn, @Owned long result);
}
