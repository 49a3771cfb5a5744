package dev.pyloop.transport;

import dev.pyloop.libc.InternetAddress;
import dev.pyloop.libc.MessageVector;
import dev.pyloop.memory.Memory;
import java.util.Arrays;

/**
 * Datagrams that wait to be sent together, first in, first out.
 *
 * <p>Each comes with two tokens, for its memory and for its destination; the queue owns them until it gives them to the
 * owner. Invariant: {@link #size()} is the sum of the lengths. Not thread-safe.
 */
final class DatagramQueue {
    private static final int INITIAL_CAPACITY = 8;
    /** Address, length, two tokens and the length of the socket address, which follows. */
    private static final int FIELDS = 5 + 4;

    private static final int LENGTH = 1;
    private static final int TOKEN = 2;
    private static final int DESTINATION = 3;
    private static final int NAME_LENGTH = 4;
    private static final int NAME = 5;

    static {
        assert InternetAddress.IPV6_SIZE <= (FIELDS - NAME) * Long.BYTES;
    }

    private long[] fields = new long[INITIAL_CAPACITY * FIELDS];
    private int count;
    private long size;

    int count() {
        return count;
    }

    /** Returns the number of bytes in all. */
    long size() {
        return size;
    }

    /** Appends a datagram whose destination is the socket address at {@code name}; {@code nameLength} 0 for none. */
    void add(long address, long length, long token, long destination, long name, int nameLength) {
        int slot = count * FIELDS;
        if (slot == fields.length) {
            fields = Arrays.copyOf(fields, slot * 2);
        }
        fields[slot] = address;
        fields[slot + LENGTH] = length;
        fields[slot + TOKEN] = token;
        fields[slot + DESTINATION] = destination;
        fields[slot + NAME_LENGTH] = nameLength;
        for (int i = 0; i * Long.BYTES < nameLength; i++) {
            fields[slot + NAME + i] = Memory.getLong(name + (long) i * Long.BYTES);
        }
        size += length;
        count++;
    }

    /** Describes all datagrams in {@code messages}. */
    void describe(MessageVector messages) {
        for (int i = 0; i < count; i++) {
            int slot = i * FIELDS;
            messages.setData(i, fields[slot], fields[slot + LENGTH]);
            int nameLength = (int) fields[slot + NAME_LENGTH];
            messages.setNameLength(i, nameLength);
            for (int j = 0; j * Long.BYTES < nameLength; j++) {
                Memory.putLong(messages.name(i) + (long) j * Long.BYTES, fields[slot + NAME + j]);
            }
        }
    }

    /** Returns what keeps the memory of datagram {@code index} alive. */
    long token(int index) {
        return fields[index * FIELDS + TOKEN];
    }

    /** Returns the destination of datagram {@code index}. */
    long destination(int index) {
        return fields[index * FIELDS + DESTINATION];
    }

    /** Removes everything; the tokens go to {@code owner}. */
    void clear(ChunkOwner owner) {
        int end = count * FIELDS;
        count = 0;
        size = 0;
        for (int slot = 0; slot < end; slot += FIELDS) {
            owner.releaseChunk(fields[slot + TOKEN]);
            owner.releaseChunk(fields[slot + DESTINATION]);
        }
    }
}
