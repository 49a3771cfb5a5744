package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;

/** Interned strings, which CPython too compares by identity. They live as long as the process. */
public final class Names {
    public static final @Borrowed long CALL_AT = Objects.intern("call_at");
    public static final @Borrowed long CALL_LATER = Objects.intern("call_later");
    public static final @Borrowed long CALL_SOON = Objects.intern("call_soon");
    public static final @Borrowed long CALL_SOON_THREADSAFE = Objects.intern("call_soon_threadsafe");
    public static final @Borrowed long CLOSED = Objects.intern("_closed");
    public static final @Borrowed long CONTEXT = Objects.intern("context");
    public static final @Borrowed long CREATE_TASK = Objects.intern("create_task");
    public static final @Borrowed long DEBUG = Objects.intern("_debug");
    public static final @Borrowed long DONE = Objects.intern("done");
    public static final @Borrowed long EAGER_START = Objects.intern("eager_start");
    public static final @Borrowed long ENSURE_FD_NO_TRANSPORT = Objects.intern("_ensure_fd_no_transport");
    public static final @Borrowed long FOREIGN_TRANSPORTS = Objects.intern("_foreign_transports");
    public static final @Borrowed long FOREVER = Objects.intern("_forever");
    public static final @Borrowed long INTERNAL_FDS = Objects.intern("_internal_fds");
    public static final @Borrowed long LOOP = Objects.intern("loop");
    public static final @Borrowed long MAIN_THREAD = Objects.intern("_main_thread");
    public static final @Borrowed long NAME = Objects.intern("name");
    public static final @Borrowed long RUN = Objects.intern("_run");
    public static final @Borrowed long RUN_ONCE = Objects.intern("_run_once");
    public static final @Borrowed long SET_RESULT = Objects.intern("set_result");
    public static final @Borrowed long STOCK_TIME = Objects.intern("_stock_time");
    public static final @Borrowed long STOPPING = Objects.intern("_stopping");
    public static final @Borrowed long TASK = Objects.intern("Task");
    public static final @Borrowed long TASK_FACTORY = Objects.intern("_task_factory");
    public static final @Borrowed long TIME = Objects.intern("time");
    public static final @Borrowed long TIMER_HANDLE_CANCELLED = Objects.intern("_timer_handle_cancelled");

    private Names() {}
}
