package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Methods;
import org.jspecify.annotations.Nullable;

/** The methods of a type of which some, those made {@link ErrandMethod}s, leave errands. Called with the GIL held. */
public interface ErrandMethods extends Methods {
    /** Returns the loop that {@code self} belongs to; null if it belongs to none any more, and so can leave no errands. */
    @Nullable
    LoopObject loopOf(@Borrowed long self);
}
