package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.python.loop.LoopObject;

/** A transport, as the functions of Python's see it that it has called. Guarded by the GIL. */
interface Transport {
    /** Returns the Python object. */
    @Borrowed
    long self();

    /** Returns the loop that it belongs to. */
    LoopObject loop();
}
