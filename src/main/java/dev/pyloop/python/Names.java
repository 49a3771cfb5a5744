package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;

/** Interned strings, which CPython too compares by identity. They live as long as the process. */
final class Names {
    static final @Borrowed long CALL_AT = Objects.intern("call_at");
    static final @Borrowed long CALL_LATER = Objects.intern("call_later");
    static final @Borrowed long CALL_SOON = Objects.intern("call_soon");
    static final @Borrowed long CALL_SOON_THREADSAFE = Objects.intern("call_soon_threadsafe");
    static final @Borrowed long CLOSED = Objects.intern("_closed");
    static final @Borrowed long CONTEXT = Objects.intern("context");
    static final @Borrowed long CREATE_TASK = Objects.intern("create_task");
    static final @Borrowed long DEBUG = Objects.intern("_debug");
    static final @Borrowed long DONE = Objects.intern("done");
    static final @Borrowed long EAGER_START = Objects.intern("eager_start");
    static final @Borrowed long ENSURE_FD_NO_TRANSPORT = Objects.intern("_ensure_fd_no_transport");
    static final @Borrowed long FOREIGN_TRANSPORTS = Objects.intern("_foreign_transports");
    static final @Borrowed long FOREVER = Objects.intern("_forever");
    static final @Borrowed long INTERNAL_FDS = Objects.intern("_internal_fds");
    static final @Borrowed long LOOP = Objects.intern("loop");
    static final @Borrowed long MAIN_THREAD = Objects.intern("_main_thread");
    static final @Borrowed long NAME = Objects.intern("name");
    static final @Borrowed long RUN = Objects.intern("_run");
    static final @Borrowed long RUN_ONCE = Objects.intern("_run_once");
    static final @Borrowed long SET_RESULT = Objects.intern("set_result");
    static final @Borrowed long STOCK_TIME = Objects.intern("_stock_time");
    static final @Borrowed long STOPPING = Objects.intern("_stopping");
    static final @Borrowed long TASK = Objects.intern("Task");
    static final @Borrowed long TASK_FACTORY = Objects.intern("_task_factory");
    static final @Borrowed long TIME = Objects.intern("time");
    static final @Borrowed long TIMER_HANDLE_CANCELLED = Objects.intern("_timer_handle_cancelled");

    private Names() {}
}
