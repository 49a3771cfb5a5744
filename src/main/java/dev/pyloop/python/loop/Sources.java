package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/**
 * Handles of the engine that stand for the readiness of a transport or a plain socket, rather than for a callback of the program's.
 *
 * <p>Such a handle is the address of a Python object, which has its lowest bits free, with what is ready in those bits. Who
 * owns the handle owns a reference to the object. A program's handle has zeros there.
 */
public final class Sources {
    /** The low bits of a handle. */
    static final int KIND_MASK = 7;
    /** A transport has something to read. */
    public static final int READ = 1;
    /** A transport has room to write. */
    public static final int WRITE = 2;
    /** A transport is connected, and the protocol knows. */
    public static final int START_READING = 3;
    /** A listening socket has connections. */
    public static final int ACCEPT = 4;
    /** A connection was accepted, one iteration ago. */
    public static final int ACCEPTED = 5;
    /** A future's descriptor is ready. */
    static final int WAITER = 6;
    /** A datagram transport has something to read. */
    public static final int DATAGRAM = 7;

    /** Begins the turn of a source. */
    static final Turn.Step BEGIN = Sources::begin;

    /** Begins it again, now that errands have been run that were to be run first. */
    public static final Turn.Step BEGIN_AGAIN = Sources::beginAgain;

    private static final @Nullable Source[] BY_KIND = new Source[KIND_MASK + 1];

    private Sources() {}

    /** Tells whether a handle is of this kind. */
    @Inlined
    static boolean isSource(long handle) {
        return (handle & KIND_MASK) != 0;
    }

    /** Returns the object that a handle of any kind refers to. */
    static @Borrowed long object(long handle) {
        return handle & ~KIND_MASK;
    }

    /** Says whose turns those of a kind are. Each type enters itself when it is built. */
    public static void enter(int kind, Source source) {
        BY_KIND[kind] = source;
    }

    /** Tells whether handles of a kind may refer to {@code object}. */
    static boolean isOf(@Borrowed long object, int kind) {
        Source source = kind < 0 || kind > KIND_MASK ? null : BY_KIND[kind];
        return source != null && source.isOf(object);
    }

    private static boolean beginAgain(Turn turn, @Owned long result) {
        References.release(Errors.check(result));
        return begin(turn, Objects.NULL);
    }

    private static boolean begin(Turn turn, @Owned long none) {
        long handle = turn.handle();
        int kind = (int) handle & KIND_MASK;
        Source source = BY_KIND[kind];
        if (source == null) {
            throw new IllegalStateException("there are no sources of kind " + kind);
        }
        return source.begin(turn, object(handle), kind);
    }
}
