package dev.pyloop.libc;

import dev.pyloop.memory.Memory;

/**
 * The kernel's {@code struct epoll_event}, packed on x86-64 only:
 *
 * <pre>
 *   struct epoll_event { uint32_t events; epoll_data_t data; } EPOLL_PACKED;
 *
 *              x86-64      others
 *   events     0           0
 *   data       4           8
 *   size       12          16
 * </pre>
 *
 * <p>The data word holds the watched descriptor in its first four bytes.
 */
public final class EpollEvent {
    /** Readable. */
    public static final int EPOLLIN = 0x001;
    /** Writable. */
    public static final int EPOLLOUT = 0x004;

    /** To be reported once, and not again before the entry is modified. */
    public static final int EPOLLONESHOT = 1 << 30;

    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");
    private static final long DATA = PACKED ? 4 : 8;

    /** Bytes from one event to the next. */
    public static final long SIZE = PACKED ? 12 : 16;

    private EpollEvent() {}

    /** Fills the event at {@code address}. */
    public static void set(long address, int events, int descriptor) {
        Memory.putInt(address, events);
        Memory.putInt(address + DATA, descriptor);
    }

    /** Returns the bits of event {@code index} in the array at {@code address}. */
    public static int events(long address, int index) {
        return Memory.getInt(address + index * SIZE);
    }

    /** Returns the descriptor of event {@code index} in the array at {@code address}. */
    public static int descriptor(long address, int index) {
        return Memory.getInt(address + index * SIZE + DATA);
    }
}
