package dev.pyloop.loop;

import dev.pyloop.memory.NativeLock;
import dev.pyloop.reactor.Poller;

/** A poller that finds nothing and counts how often it was asked. */
final class CountingPoller implements Poller {
    private int polls;
    private boolean closed;
    private int selfPipeResult;

    int polls() {
        return polls;
    }

    boolean isClosed() {
        return closed;
    }

    /** Has the loop find no room for its self-pipe. */
    void refuseSelfPipe(int errno) {
        selfPipeResult = -errno;
    }

    @Override
    public int add(int descriptor, int interest) {
        return 0;
    }

    @Override
    public int addOnce(int descriptor, int interest) {
        return 0;
    }

    @Override
    public void endOnce(int descriptor) {}

    @Override
    public int modify(int descriptor, int interest) {
        return 0;
    }

    @Override
    public void remove(int descriptor) {}

    @Override
    public int poll(int watched) {
        polls++;
        return 0;
    }

    @Override
    public int sleep(long timeoutNanos, int watched, NativeLock lock) {
        return poll(watched);
    }

    @Override
    public int afterFork() {
        return 0;
    }

    @Override
    public int useSelfPipe(int reader, int writer) {
        return selfPipeResult;
    }

    @Override
    public void wake() {}

    @Override
    public int descriptor(int index) {
        throw new IndexOutOfBoundsException(index);
    }

    @Override
    public int readiness(int index) {
        throw new IndexOutOfBoundsException(index);
    }

    @Override
    public void close() {
        closed = true;
    }
}
