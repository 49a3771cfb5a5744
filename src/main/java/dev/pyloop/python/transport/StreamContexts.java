package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.names.StreamLayout;

/**
 * The contexts in which a transport's protocol is called: copies of that in which the transport was made, and of that in
 * which a write did not go out at once; from CPython 3.15 on always the connection's own, if it has one. They are kept in
 * the transport's slots ({@link StreamLayout}).
 *
 * <p>On asyncio, before 3.15, what a protocol hears after {@code resume_reading} runs in the context of whoever called that.
 *
 * <p>Stateless; guarded by the GIL.
 */
final class StreamContexts {
    private StreamContexts() {}

    /** Keeps the connection's own context in {@code slot}, or a copy of the current one. */
    static void keep(LoopObject loop, @Borrowed long self, long slot) {
        @Owned
        long context = StreamLayout.has(self, StreamLayout.CONTEXT)
                ? References.retain(StreamLayout.get(self, StreamLayout.CONTEXT))
                : Contexts.copyCurrent(loop.threadState());
        StreamLayout.set(self, slot, context);
    }

    /** Enters the context in {@code slot} and returns it for the caller to leave: the slot may hold another by then. */
    @Owned
    static long enter(LoopObject loop, @Borrowed long self, long slot) {
        @Borrowed long kept = StreamLayout.get(self, slot);
        @Owned long context = References.retain(kept);
        if (!Contexts.tryEnter(loop.threadState(), context)) {
            References.release(context);
            throw PythonException.PENDING;
        }
        return context;
    }
}
