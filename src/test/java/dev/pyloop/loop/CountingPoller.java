package dev.pyloop.loop;

import dev.pyloop.memory.NativeLock;
import dev.pyloop.reactor.Poller;
import java.util.ArrayList;
import java.util.List;

/** A poller that finds nothing but the operations it is told of, and counts how often it was asked. */
final class CountingPoller implements Poller {
    private int polls;
    private boolean closed;
    private final List<Long> completed = new ArrayList<>();
    private int selfPipeResult;

    int polls() {
        return polls;
    }

    /** Has the next poll find that an operation is over. */
    void complete(long handle) {
        completed.add(handle);
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
        return completed.size();
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
    public void report(int count, Events events) {
        completed.forEach(events::completed);
        completed.clear();
    }

    @Override
    public String systemCall(Request request) {
        return "none";
    }

    @Override
    public void close() {
        closed = true;
    }
}
