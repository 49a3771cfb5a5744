package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Dicts;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;

/**
 * The keyword arguments that one loop makes its tasks with, used again for each task. Nobody sees or changes the dicts.
 *
 * <p>They refer to the loop, and so must not outlive its run: a loop that is dropped is freed at once. Owned by the loop;
 * guarded by the GIL.
 */
final class TaskKeywords {
    private @Owned long plain = Objects.NULL;
    private @Owned long eager = Objects.NULL;

    /** Returns {@code {"loop": loop}}; NULL if the loop does not run. */
    @Borrowed
    @Inlined
    long plain(LoopObject loop) {
        if (plain == Objects.NULL && loop.isInRun()) {
            plain = Dicts.of(Names.LOOP, loop.self());
        }
        return plain;
    }

    /** Returns {@code {"loop": loop, "eager_start": True}}; NULL if the loop does not run. */
    @Borrowed
    @Inlined
    long eager(LoopObject loop) {
        if (eager == Objects.NULL && loop.isInRun()) {
            eager = Dicts.of(Names.LOOP, loop.self(), Names.EAGER_START, Objects.TRUE);
        }
        return eager;
    }

    /** Gives the dicts up, at the end of the run. */
    void release() {
        @Owned long first = plain;
        @Owned long second = eager;
        plain = Objects.NULL;
        eager = Objects.NULL;
        References.releaseUnlessNull(first);
        References.releaseUnlessNull(second);
    }
}
