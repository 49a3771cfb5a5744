package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.LoopFunctions;

/**
 * Has Python look whether the program has replaced methods of the loop's class or of handles.
 *
 * <p>CPython gives a type another version when an attribute of it or of a base is set. Owned by the loop. Guarded by the GIL.
 */
final class ReplacedMethods {
    private final @Borrowed long loop;

    /** The versions of the loop's type and of {@code asyncio.TimerHandle}, whose base is {@code Handle}, that were looked at. */
    private int loopVersion;

    private int handleVersion;

    /** Nothing was looked at yet of {@code loop}, the Python object. */
    ReplacedMethods(@Borrowed long loop) {
        this.loop = loop;
    }

    /** Looks if one of the types is not what it was at the last look. May run the program's code, and may raise. */
    @Inlined
    void lookIfTypesHaveChanged() {
        if (Types.version(Objects.type(loop)) != loopVersion
                || Types.version(HandleLayout.STOCK_TIMER) != handleVersion) {
            look();
        }
    }

    private void look() {
        LoopFunctions.lookAgain(loop);
        loopVersion = Types.version(Objects.type(loop));
        handleVersion = Types.version(HandleLayout.STOCK_TIMER);
    }
}
