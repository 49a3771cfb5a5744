package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;

/** Interned strings for the methods that transports call. They live as long as the process. */
public final class StreamNames {
    public static final @Borrowed long ATTACH = Objects.intern("_attach");
    public static final @Borrowed long BUFFER_UPDATED = Objects.intern("buffer_updated");
    public static final @Borrowed long CALL_CONNECTION_LOST = Objects.intern("_call_connection_lost");
    public static final @Borrowed long CONNECTION_MADE = Objects.intern("connection_made");
    public static final @Borrowed long DATA = Objects.intern("data");
    public static final @Borrowed long DATA_RECEIVED = Objects.intern("data_received");
    public static final @Borrowed long GET_BUFFER = Objects.intern("get_buffer");
    public static final @Borrowed long GET_WRITE_BUFFER_SIZE = Objects.intern("get_write_buffer_size");
    public static final @Borrowed long LIST_OF_DATA = Objects.intern("list_of_data");
    public static final @Borrowed long PROTOCOL = Objects.intern("protocol");

    private StreamNames() {}
}
