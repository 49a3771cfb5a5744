package dev.pyloop.python;

import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;

/** The handle types, for the module that shows them to Python. */
public final class HandleTypes {
    private HandleTypes() {}

    /** Builds the types; before the other methods, and before the first loop is made. */
    public static void build() {
        Handles.build();
    }

    /** Returns the subclass of {@code asyncio.Handle} that {@code call_soon} makes. */
    public static @Owned long handle() {
        return References.retain(Handles.SOON.type());
    }

    /** Returns the subclass of {@code asyncio.TimerHandle} that {@code call_later} makes. */
    public static @Owned long timerHandle() {
        return References.retain(Handles.TIMERS.type());
    }

    /** Returns a tuple of all of them; a type may be in it twice. */
    public static @Owned long all() {
        return Tuples.of(Handles.SOON.type(), Handles.THREADSAFE.type(), Handles.TIMERS.type());
    }
}
