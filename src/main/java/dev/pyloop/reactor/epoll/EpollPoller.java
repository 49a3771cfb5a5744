package dev.pyloop.reactor.epoll;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.EpollEvent;
import dev.pyloop.libc.EpollWait;
import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeLock;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.Poller;
import java.util.BitSet;

/**
 * The poller over Linux epoll. The package's page tells of epoll's traps, and how this meets them.
 *
 * <p>Owns the epoll descriptor.
 */
public final class EpollPoller implements Poller {
    private static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    private static final int INITIAL_CAPACITY = 64;
    /** What is reported in the place of a descriptor when somebody has called {@link #wake}. */
    static final int WOKEN = -1;
    /** What is reported in its place when there is something to read in the self-pipe. */
    private static final int SIGNALLED = -2;

    /** How many events may be about the self-pipe. */
    private static final int OWN = 2;

    /** For add, modify and remove; {@link #wait} has an errno of its own, because both may run at once. */
    private final SystemCalls control = new SystemCalls();

    private final NativeBuffer controlEvent = new NativeBuffer(EpollEvent.SIZE);
    private final EpollWait wait;
    private final Waker waker = new Waker();
    private int epoll;
    /** Descriptors whose entry, as far as we know, was made or modified by {@link #addOnce} last. */
    private final BitSet once = new BitSet();

    /** Only the loop's thread reads or replaces it. */
    private NativeBuffer events = new NativeBuffer(INITIAL_CAPACITY * EpollEvent.SIZE);

    private int capacity = INITIAL_CAPACITY;

    /**
     * Opens the epoll descriptor.
     *
     * @throws SystemCallException when there is none to be had
     */
    public EpollPoller() {
        this(new EpollWait());
    }

    /** As {@link #EpollPoller()}, waiting by {@code wait}, which is the poller's from now on. */
    EpollPoller(EpollWait wait) {
        this.wait = wait;
        epoll = control.epollCreate1(EPOLL_CLOEXEC);
        if (epoll < 0) {
            waker.close();
            releaseMemory();
            throw new SystemCallException("epoll_create1", -epoll);
        }
    }

    @Override
    public int add(int descriptor, int interest) {
        once.clear(descriptor);
        return addBits(descriptor, bits(interest));
    }

    @Override
    public int addOnce(int descriptor, int interest) {
        int bits = bits(interest) | EpollEvent.EPOLLONESHOT;
        int result = once.get(descriptor) ? control(EPOLL_CTL_MOD, descriptor, bits) : -Errno.ENOENT;
        if (result == -Errno.ENOENT) {
            result = addBits(descriptor, bits);
        }
        once.set(descriptor, result == 0);
        return result;
    }

    @Override
    public void endOnce(int descriptor) {
        // Somebody else may have watched it too for a while, so that its entry goes on reporting.
        if (!once.get(descriptor)) {
            remove(descriptor);
        }
    }

    @Override
    public int modify(int descriptor, int interest) {
        once.clear(descriptor);
        int result = control(EPOLL_CTL_MOD, descriptor, bits(interest));
        return result == -Errno.ENOENT ? control(EPOLL_CTL_ADD, descriptor, bits(interest)) : result;
    }

    @Override
    public void remove(int descriptor) {
        once.clear(descriptor);
        int result = control(EPOLL_CTL_DEL, descriptor, 0);
        assert result == 0 || result == -Errno.EBADF || result == -Errno.ENOENT || result == -Errno.EPERM
                : "EPOLL_CTL_DEL answered " + result;
    }

    @Override
    public int poll(int watched) {
        makeRoom(watched);
        return wait.poll(epoll, events.address(), capacity);
    }

    @Override
    public int sleep(long timeoutNanos, int watched, NativeLock lock) {
        makeRoom(watched);
        return wait.await(epoll, events.address(), capacity, timeoutNanos, lock);
    }

    @Override
    public int useSelfPipe(int reader, int writer) {
        int result = addBits(reader, EpollEvent.EPOLLIN, SIGNALLED);
        return result < 0 ? result : waker.use(epoll, writer);
    }

    @Override
    public void wake() {
        waker.wake();
    }

    @Override
    @Inlined
    public void report(int count, Events found) {
        for (int i = 0; i < count; i++) {
            int descriptor = EpollEvent.descriptor(events.address(), i);
            if (descriptor >= 0) {
                found.ready(descriptor, readiness(EpollEvent.events(events.address(), i)));
            } else if (descriptor == SIGNALLED) {
                found.signalled();
            } else {
                found.woken();
            }
        }
    }

    @Override
    public String systemCall(Request request) {
        return switch (request) {
            case OPEN -> "epoll_create1";
            case WATCH -> "epoll_ctl";
            case WAIT -> "epoll_wait";
        };
    }

    @Override
    public int afterFork() {
        int own = control.epollCreate1(EPOLL_CLOEXEC);
        if (own < 0) {
            return own;
        }
        // The parent's entries stay: its own descriptor is another name of the set.
        control.close(epoll);
        epoll = own;
        once.clear();
        return 0;
    }

    @Override
    public void close() {
        // First: other threads wake it, and must not with an epoll descriptor that is somebody else's.
        waker.close();
        control.close(epoll);
        releaseMemory();
    }

    private int addBits(int descriptor, int bits) {
        return addBits(descriptor, bits, descriptor);
    }

    private int addBits(int descriptor, int bits, int reported) {
        int result = control(EPOLL_CTL_ADD, descriptor, bits, reported);
        return result == -Errno.EEXIST ? control(EPOLL_CTL_MOD, descriptor, bits, reported) : result;
    }

    private int control(int operation, int descriptor, int bits) {
        return control(operation, descriptor, bits, descriptor);
    }

    /** What is reported is the descriptor, or what stands for it. */
    private int control(int operation, int descriptor, int bits, int reported) {
        EpollEvent.set(controlEvent.address(), bits, reported);
        return control.epollCtl(epoll, operation, descriptor, controlEvent.address());
    }

    /** Errors and hang-ups, which epoll reports unasked, are for both. */
    private static int readiness(int bits) {
        return ((bits & ~EpollEvent.EPOLLOUT) != 0 ? Interest.READ : 0)
                | ((bits & ~EpollEvent.EPOLLIN) != 0 ? Interest.WRITE : 0);
    }

    private static int bits(int interest) {
        return ((interest & Interest.READ) != 0 ? EpollEvent.EPOLLIN : 0)
                | ((interest & Interest.WRITE) != 0 ? EpollEvent.EPOLLOUT : 0);
    }

    private void makeRoom(int watched) {
        if (watched + OWN > capacity) {
            grow(watched + OWN);
        }
    }

    private void grow(int watched) {
        int larger = Math.max(watched, Math.multiplyExact(capacity, 2));
        NativeBuffer replaced = events;
        events = new NativeBuffer(larger * EpollEvent.SIZE);
        capacity = larger;
        replaced.close();
    }

    private void releaseMemory() {
        controlEvent.close();
        events.close();
        wait.close();
    }
}
