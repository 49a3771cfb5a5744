package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Dicts;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.Names;

/**
 * The keyword arguments that one loop makes its tasks with, used again for each task. Nobody sees or changes the dicts.
 *
 * <p>They refer to the loop, and so must not outlive its run: a loop that is dropped is freed at once. Owned by the loop;
 * guarded by the GIL.
 */
final class TaskKeywords {
    private final @Borrowed long loop;
    private final RunnerThread runner;
    private @Owned long plain = Objects.NULL;
    private @Owned long eager = Objects.NULL;

    /** Makes those of {@code loop}, the Python object. */
    TaskKeywords(@Borrowed long loop, RunnerThread runner) {
        this.loop = loop;
        this.runner = runner;
    }

    /** Returns {@code {"loop": loop}}; NULL if the loop does not run. */
    @Borrowed
    @Inlined
    long plain() {
        if (plain == Objects.NULL && runner.isInRun()) {
            plain = Dicts.of(Names.LOOP, loop);
        }
        return plain;
    }

    /** Returns {@code {"loop": loop, "eager_start": True}}; NULL if the loop does not run. */
    @Borrowed
    @Inlined
    long eager() {
        if (eager == Objects.NULL && runner.isInRun()) {
            eager = Dicts.of(Names.LOOP, loop, Names.EAGER_START, Objects.TRUE);
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
