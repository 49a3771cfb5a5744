package dev.pyloop.python.names;

/** Docstrings of the public methods; CPython takes the signature from the first line. */
public final class Docs {
    private static final String SIGNATURE_END = "\n--\n\n";

    public static final String CALL_SOON = "call_soon($self, callback, *args, context=None)" + SIGNATURE_END
            + "Run callback(*args) in the next iteration of the loop, behind everything queued before.\n\n"
            + "context is the contextvars.Context to run in, by default a copy of the current one.\n"
            + "Return an asyncio.Handle, which can cancel the call.";

    public static final String CALL_SOON_THREADSAFE = "call_soon_threadsafe($self, callback, *args, context=None)"
            + SIGNATURE_END
            + "Like call_soon(), from any thread: the loop is woken up if it sleeps.";

    public static final String CALL_LATER = "call_later($self, delay, callback, *args, context=None)" + SIGNATURE_END
            + "Run callback(*args) when delay seconds have passed.\n\n"
            + "Calls that are due at the same time run in the order in which they were scheduled.\n"
            + "Return an asyncio.TimerHandle, which can cancel the call.";

    public static final String CALL_AT = "call_at($self, when, callback, *args, context=None)" + SIGNATURE_END
            + "Like call_later(), with an absolute time of the loop's clock, in seconds.";

    public static final String TIME =
            "time($self, /)" + SIGNATURE_END + "Return the loop's clock in seconds; time.monotonic() reads the same.";

    public static final String GET_DEBUG =
            "_get_debug($self, /)" + SIGNATURE_END + "Tell whether the loop is in debug mode.";

    public static final String WRITE = "write($self, /, data)" + SIGNATURE_END
            + "Send bytes-like data; does not wait.\n\n"
            + "What is written in one iteration of the loop leaves together, when its callbacks have run.";

    public static final String WRITELINES = "writelines($self, /, list_of_data)" + SIGNATURE_END
            + "Send an iterable of bytes-like objects; does not wait.";

    public static final String WRITE_EOF =
            "write_eof($self, /)" + SIGNATURE_END + "Close the outgoing half of the connection when all data is sent.";

    public static final String CLOSE = "close($self, /)" + SIGNATURE_END
            + "Close the connection when all data is sent; the protocol's connection_lost(None) is called then.";

    public static final String ABORT = "abort($self, /)" + SIGNATURE_END
            + "Close the connection at once; data that the system has no room for is lost.";

    public static final String PAUSE_READING = "pause_reading($self, /)" + SIGNATURE_END
            + "Have the protocol receive nothing until resume_reading() is called.";

    public static final String RESUME_READING =
            "resume_reading($self, /)" + SIGNATURE_END + "Have the protocol receive data again.";

    public static final String IS_READING =
            "is_reading($self, /)" + SIGNATURE_END + "Tell whether the protocol receives data.";

    public static final String SET_PROTOCOL =
            "set_protocol($self, /, protocol)" + SIGNATURE_END + "Hand all that comes from now on to another protocol.";

    public static final String GET_PROTOCOL = "get_protocol($self, /)" + SIGNATURE_END + "Return the protocol.";

    public static final String GET_WRITE_BUFFER_SIZE = "get_write_buffer_size($self, /)" + SIGNATURE_END
            + "Return the number of bytes that the system had no room for yet.";

    public static final String SENDTO = "sendto($self, /, data, addr=None)" + SIGNATURE_END
            + "Send a datagram; does not wait.\n\n"
            + "The first that a callback sends leaves at once, the others together when the callback returns.";

    private Docs() {}

    /** Its signature is that of the interpreter's asyncio. */
    public static String createTask(boolean takesAnyOption) {
        return "create_task($self, coro, " + (takesAnyOption ? "**kwargs" : "*, name=None, context=None") + ")"
                + SIGNATURE_END
                + "Schedule a coroutine to run in a task, and return the task.";
    }
}
