package dev.pyloop.python;

/** Docstrings of the public methods; CPython takes the signature from the first line. */
final class Docs {
    private static final String SIGNATURE_END = "\n--\n\n";

    static final String CALL_SOON = "call_soon($self, callback, /, *args, context=None)" + SIGNATURE_END
            + "Run callback(*args) in the next iteration of the loop, behind everything queued before.\n\n"
            + "context is the contextvars.Context to run in, by default a copy of the current one.\n"
            + "Return an asyncio.Handle, which can cancel the call.";

    static final String CALL_SOON_THREADSAFE = "call_soon_threadsafe($self, callback, /, *args, context=None)"
            + SIGNATURE_END
            + "Like call_soon(), from any thread: the loop is woken up if it sleeps.";

    static final String CALL_LATER = "call_later($self, delay, callback, /, *args, context=None)" + SIGNATURE_END
            + "Run callback(*args) when delay seconds have passed.\n\n"
            + "Calls that are due at the same time run in the order in which they were scheduled.\n"
            + "Return an asyncio.TimerHandle, which can cancel the call.";

    static final String CALL_AT = "call_at($self, when, callback, /, *args, context=None)" + SIGNATURE_END
            + "Like call_later(), with an absolute time of the loop's clock, in seconds.";

    static final String TIME =
            "time($self, /)" + SIGNATURE_END + "Return the loop's clock in seconds; time.monotonic() reads the same.";

    private Docs() {}
}
