package dev.pyloop.libc;

import dev.pyloop.memory.Memory;

/**
 * What {@code sendmsg} sends:
 *
 * <pre>
 *   struct msghdr {                          offset
 *       void *msg_name;                      0
 *       socklen_t msg_namelen;               8
 *       struct iovec *msg_iov;              16
 *       size_t msg_iovlen;                  24
 *       void *msg_control;                  32
 *       size_t msg_controllen;              40
 *       int msg_flags;                      48
 *   };                                      56 bytes
 * </pre>
 */
final class MessageHeader {
    static final long SIZE = 56;

    private static final long MSG_NAME = 0;
    private static final long MSG_NAMELEN = 8;
    private static final long MSG_IOV = 16;
    private static final long MSG_IOVLEN = 24;

    private MessageHeader() {}

    /** Points the zeroed header at {@code address} to an array of {@link Iovec}s. */
    static void set(long address, long vector, int count) {
        Memory.putLong(address + MSG_IOV, vector);
        Memory.putLong(address + MSG_IOVLEN, count);
    }

    /** Points the header at {@code address} to a socket address; {@code length} is its size, or the room for one. */
    static void setName(long address, long name, int length) {
        Memory.putLong(address + MSG_NAME, name);
        Memory.putInt(address + MSG_NAMELEN, length);
    }

    /** Returns the size of the socket address. */
    static int nameLength(long address) {
        return Memory.getInt(address + MSG_NAMELEN);
    }
}
