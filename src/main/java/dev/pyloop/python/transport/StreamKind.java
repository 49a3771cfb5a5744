package dev.pyloop.python.transport;

/** What a stream transport sends and receives by. asyncio has other rules for pipes than for sockets. */
enum StreamKind {
    /** A connected socket, to read from and to write to. */
    SOCKET,
    /** The end of a pipe to read from; also a socket or a character device that is used as such. */
    READ_PIPE,
    /** The end of a pipe to write to. */
    WRITE_PIPE;

    private static final StreamKind[] BY_NUMBER = values();

    /** Returns the kind that {@code pyloop._transports.pipes} and {@code pyloop._transports.streams} give this number. */
    static StreamKind of(long number) {
        return BY_NUMBER[(int) number];
    }
}
