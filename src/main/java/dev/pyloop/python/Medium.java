package dev.pyloop.python;

/** What the descriptor of a stream transport is, in which asyncio's rules for transports differ. */
enum Medium {
    /** A connected socket, to read from and to write to. */
    SOCKET,
    /** The end of a pipe to read from; also a socket or a character device that is used as such. */
    READ_PIPE,
    /** The end of a pipe to write to. */
    WRITE_PIPE;

    private static final Medium[] BY_NUMBER = values();

    /** Returns the medium that {@code pyloop._pipes} and {@code pyloop._streams} give this number. */
    static Medium of(long number) {
        return BY_NUMBER[(int) number];
    }
}
