package dev.pyloop.cpython;

import dev.pyloop.memory.Driven;

/**
 * A method, called in whatever way, whose calls of Python have no Java frame under them.
 *
 * <p>What it throws becomes the interpreter's error indicator. Called with the GIL held.
 */
public interface DrivenMethod extends Driven {
    @Override
    default long failed(Throwable thrown) {
        return Upcalls.raise(thrown);
    }
}
