package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;

/** What asyncio says when a protocol's method or a system call fails; Python strings that live as long as the process. */
public final class StreamMessages {
    public static final @Borrowed long BUFFER_UPDATED =
            Objects.intern("Fatal error: protocol.buffer_updated() call failed.");
    public static final @Borrowed long DATA_RECEIVED =
            Objects.intern("Fatal error: protocol.data_received() call failed.");
    public static final @Borrowed long GET_BUFFER = Objects.intern("Fatal error: protocol.get_buffer() call failed.");
    public static final @Borrowed long READ_PIPE = Objects.intern("Fatal read error on pipe transport");
    public static final @Borrowed long READ = Objects.intern("Fatal read error on socket transport");

    public static final @Borrowed long PAUSES_READING = Objects.intern("%r pauses reading");
    public static final @Borrowed long RESUMES_READING = Objects.intern("%r resumes reading");

    private StreamMessages() {}
}
