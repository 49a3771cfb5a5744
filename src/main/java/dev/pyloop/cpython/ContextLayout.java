package dev.pyloop.cpython;

/**
 * Where contexts, thread states and the interpreter keep what a change of context changes.
 *
 * <pre>
 *   struct _pycontextobject {          // Include/internal/pycore_context.h, the same from 3.11 to 3.15
 *       PyObject_HEAD
 *       PyContext *ctx_prev;           // 16   entered before; owned by nobody else while ctx_entered
 *       PyHamtObject *ctx_vars;        // 24
 *       PyObject *ctx_weakreflist;     // 32
 *       int ctx_entered;               // 40
 *   };
 *
 *   struct _ts { …; PyObject *context; uint64_t context_ver; … };
 *   struct _is { …; PyContext_WatchCallback context_watchers[8];                                       // 3.14
 *                uint8_t active_code_watchers, active_context_watchers; … };
 * </pre>
 *
 * <p>Thread state and interpreter differ between versions and builds. {@link ContextProbe}
 * finds the places there.
 */
final class ContextLayout {
    static final long PREVIOUS = 16;
    static final long VARIABLES = 24;
    static final long WEAK_LIST = 32;
    static final long ENTERED = 40;
    static final long SIZE = 48;

    /** Offset of {@code context} in a thread state; {@code context_ver} follows it. */
    static final long THREAD_CONTEXT = ContextProbe.threadContext();

    /** Address of the byte that is not 0 while somebody watches changes of context; 0 where nobody can. */
    static final long WATCHERS = ContextProbe.watchers();

    private ContextLayout() {}
}
