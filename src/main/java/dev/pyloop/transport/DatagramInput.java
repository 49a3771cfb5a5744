package dev.pyloop.transport;

import dev.pyloop.libc.MessageVector;
import dev.pyloop.libc.SocketAddress;
import dev.pyloop.memory.NativeBuffer;

/**
 * Where the datagram sockets of a loop receive: as many buffers as one call may fill, each with room for
 * the largest datagram that can come.
 *
 * <p>Memory that no datagram reaches costs nothing: the system gives it out by the page. Guarded by the loop's lock.
 */
public final class DatagramInput implements AutoCloseable {
    /** Datagrams received by one call, at most. */
    private static final int CAPACITY = 32;

    private static final int MEMORY_SIZE = 2 * 1024 * 1024;

    private final NativeBuffer memory = new NativeBuffer(MEMORY_SIZE);
    private int room = MEMORY_SIZE / CAPACITY;
    private final MessageVector messages = new MessageVector(CAPACITY);

    /** Returns how many datagrams of up to {@code room} bytes can be received at a time. */
    static int count(int room) {
        return Math.min(CAPACITY, MEMORY_SIZE / room);
    }

    /** Returns where datagram {@code index} is. */
    public long data(int index) {
        return memory.address() + (long) index * room;
    }

    /** Returns the length of datagram {@code index}. */
    public int length(int index) {
        return messages.length(index);
    }

    /** Returns where the address of its sender is. */
    public long name(int index) {
        return messages.name(index);
    }

    /** Returns the size of that address; 0 if the sender has none. */
    public int nameLength(int index) {
        return messages.nameLength(index);
    }

    /** Prepares for {@code count} datagrams of up to {@code room} bytes. */
    MessageVector prepare(int count, int room) {
        this.room = room;
        for (int i = 0; i < count; i++) {
            messages.setData(i, data(i), room);
            messages.setNameLength(i, SocketAddress.CAPACITY);
        }
        return messages;
    }

    @Override
    public void close() {
        memory.close();
    }
}
