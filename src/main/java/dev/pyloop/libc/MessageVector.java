package dev.pyloop.libc;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.ScratchBuffer;

/**
 * The messages of one {@code recvmmsg} or {@code sendmmsg}, each of one buffer, with the addresses of their peers:
 *
 * <pre>
 *   struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };      64 bytes, msg_len at 56
 *
 *   memory:  struct mmsghdr[capacity]   struct iovec[capacity]   addresses[capacity], of {@link SocketAddress#CAPACITY} bytes
 * </pre>
 *
 * <p>One instance serves one thread at a time.
 */
public final class MessageVector {
    private static final long STRIDE = 64;
    private static final long MSG_LEN = MessageHeader.SIZE;

    private final ScratchBuffer memory;
    private final long headers;
    private final long buffers;
    private final long names;

    /** Makes room for {@code capacity} messages. */
    public MessageVector(int capacity) {
        memory = new ScratchBuffer(capacity * (STRIDE + Iovec.SIZE + SocketAddress.CAPACITY));
        headers = memory.address();
        buffers = headers + capacity * STRIDE;
        names = buffers + capacity * Iovec.SIZE;
        for (int i = 0; i < capacity; i++) {
            MessageHeader.set(header(i), buffers + i * Iovec.SIZE, 1);
        }
    }

    /** Says where message {@code index} is, or may be stored. */
    public void setData(int index, long address, long length) {
        Iovec.set(buffers, index, address, length);
    }

    /** Has the address of message {@code index}'s peer stored, or taken from {@link #name}; length 0 for no address. */
    public void setNameLength(int index, int length) {
        MessageHeader.setName(header(index), length == 0 ? 0 : name(index), length);
    }

    /** Returns where the address of message {@code index}'s peer is. */
    public long name(int index) {
        return names + (long) index * SocketAddress.CAPACITY;
    }

    /** Returns the size of the address that was stored with message {@code index}. */
    public int nameLength(int index) {
        return MessageHeader.nameLength(header(index));
    }

    /** Returns how many bytes of message {@code index} were received. */
    public int length(int index) {
        return Memory.getInt(header(index) + MSG_LEN);
    }

    /** Returns the address of the array of headers. */
    long address() {
        return headers;
    }

    private long header(int index) {
        return headers + index * STRIDE;
    }
}
