package dev.pyloop.reactor.epoll;

import dev.pyloop.libc.EpollEvent;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.NativeBuffer;

/**
 * Ends a poller's sleep from any thread, by a descriptor that is writable all the time: to wake is to have epoll look at it
 * once. So nothing is written. Should its number be another file's, because a program has closed what it did not open,
 * epoll does not know that file, and it stays untouched.
 *
 * <p>Borrows the descriptor. {@link #wake()} and {@link #close()} exclude each other.
 */
final class Waker implements AutoCloseable {
    private static final int NONE = -1;

    /** Of an entry that reports nothing: it was not asked for anything, and reports errors once at the most. */
    private static final int SILENT = EpollEvent.EPOLLONESHOT;

    private final SystemCalls calls = new SystemCalls();
    private final NativeBuffer event = new NativeBuffer(EpollEvent.SIZE);
    private int epoll;
    private int descriptor = NONE;

    /** Wakes who waits for {@code set} by {@code writable} from now on; answers 0 or the negated errno. */
    synchronized int use(int set, int writable) {
        epoll = set;
        descriptor = writable;
        int result = control(EpollPoller.EPOLL_CTL_ADD, SILENT);
        if (result < 0) {
            descriptor = NONE;
        }
        return result;
    }

    /** Has the poller report {@link EpollPoller#WOKEN}, once. Any thread. */
    synchronized void wake() {
        if (descriptor != NONE) {
            control(EpollPoller.EPOLL_CTL_MOD, SILENT | EpollEvent.EPOLLOUT);
        }
    }

    @Override
    public synchronized void close() {
        descriptor = NONE;
        event.close();
    }

    private int control(int operation, int bits) {
        EpollEvent.set(event.address(), bits, EpollPoller.WOKEN);
        return calls.epollCtl(epoll, operation, descriptor, event.address());
    }
}
