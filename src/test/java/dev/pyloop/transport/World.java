package dev.pyloop.transport;

import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.Host;
import dev.pyloop.memory.NativeLock;

/** Handles without callbacks, in a world without a lock. */
final class World implements Callbacks, Host {
    @Override
    public boolean run(long handle) {
        return false;
    }

    @Override
    public boolean endIteration() {
        return false;
    }

    @Override
    public boolean isCancelled(long handle) {
        return false;
    }

    @Override
    public void cancel(long handle) {}

    @Override
    public void unschedule(long handle) {}

    @Override
    public void retain(long handle) {}

    @Override
    public void release(long handle) {}

    @Override
    public double seconds() {
        return 0;
    }

    @Override
    public NativeLock lock() {
        return NativeLock.NONE;
    }

    @Override
    public void beforeSleep() {}

    @Override
    public boolean breathe(boolean signalled) {
        return false;
    }

    @Override
    public void afterSleep() {}
}
