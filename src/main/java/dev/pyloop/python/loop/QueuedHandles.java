package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.Types;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.python.names.HandleLayout;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The garbage collector's view of the handles that one loop's engine holds. Owned by the loop. Guarded by the GIL. */
final class QueuedHandles {
    private final EventLoop engine;

    /** Shows a handle to {@link #collector}: made once, for {@link #traverse} must not allocate. */
    private final LongConsumer showing = this::show;

    private Traverse.@Nullable Visitor collector;

    /** Makes the view of what {@code engine} holds. */
    QueuedHandles(EventLoop engine) {
        this.engine = engine;
    }

    /** Shows the collector what the queued handles refer to; see {@link HandlePool} on who is tracked. */
    void traverse(Traverse.Visitor visitor) {
        collector = visitor;
        engine.forEachHandle(showing);
        collector = null;
    }

    private void show(@Borrowed long handle) {
        Traverse.Visitor visitor = collector;
        if (visitor == null) {
            return;
        }
        if (Sources.isSource(handle)) {
            visitor.accept(Sources.object(handle));
        } else if (Types.isTracked(handle)) {
            visitor.accept(handle);
        } else if (HandleLayout.isPrivate(handle)) {
            visitor.accept(HandleLayout.slot(handle, HandleLayout.CALLBACK));
            showArguments(HandleLayout.slot(handle, HandleLayout.ARGS), visitor);
            visitor.accept(HandleLayout.slot(handle, HandleLayout.CONTEXT));
            visitor.accept(HandleLayout.slot(handle, HandleLayout.LOOP));
        }
    }

    private static void showArguments(@Borrowed long args, Traverse.Visitor visitor) {
        if (args == Objects.NULL || !ArgumentTuples.isUnseen(args)) {
            visitor.accept(args);
            return;
        }
        for (long i = 0; i < Tuples.size(args); i++) {
            visitor.accept(Tuples.get(args, i));
        }
    }

    /**
     * Has the collector track the handles that the program keeps, so that a cycle through one of them and this loop can
     * be found. Not needed for those that nobody keeps: {@link #traverse} shows what they refer to.
     */
    void trackKept() {
        engine.forEachHandle(handle -> {
            if (!Sources.isSource(handle) && !Types.isTracked(handle) && !HandleLayout.isPrivate(handle)) {
                HandlePool.track(handle);
            }
        });
    }
}
