package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.python.names.Names;

/** The attributes that inherited code keeps on the Python object and the engine must follow. Stateless; guarded by the GIL. */
final class LoopAttributes {
    private LoopAttributes() {}

    /** Takes note of the value of the attribute {@code name}, an interned string. */
    static void set(LoopObject loop, @Borrowed long name, @Borrowed long value) {
        if (name == Names.STOPPING) {
            loop.engine().setStopping(Objects.isTrue(value));
        } else if (name == Names.DEBUG) {
            loop.state().setDebug(value);
        } else if (name == Names.CLOSED) {
            loop.state().setClosed(Objects.isTrue(value));
        } else if (name == Names.TIME) {
            loop.state().setClockOverridden(Objects.isTrue(value));
        } else if (name == Names.STOCK_TIME) {
            loop.state().setStockClockReplaced(Objects.isTrue(value));
        } else if (name == Names.CALL_AT) {
            loop.state().setCallAtOverridden(Objects.isTrue(value));
        } else if (name == Names.CALL_SOON) {
            loop.state().setCallSoonOverridden(Objects.isTrue(value));
        } else if (name == Names.MAIN_THREAD) {
            loop.signals().setInMainThread(Objects.isTrue(value));
        } else if (name == Names.FOREVER) {
            loop.state().setForever(Objects.isTrue(value));
            if (!loop.state().isForever()) {
                loop.engine().metrics().rest();
            }
        } else if (name == Names.TASK_FACTORY) {
            loop.state().setTaskFactory(value != Objects.NONE);
        } else if (name == Names.FOREIGN_TRANSPORTS) {
            loop.transports().setForeign();
        } else if (name == Names.INTERNAL_FDS) {
            loop.engine().readiness().setInternalWatches((int) Numbers.toLong(value));
        }
    }
}
