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
    public boolean beforeSleep() {
        return false;
    }

    @Override
    public boolean maySleep() {
        return true;
    }

    @Override
    public boolean breathe() {
        return false;
    }

    @Override
    public void afterSleep() {}
}
