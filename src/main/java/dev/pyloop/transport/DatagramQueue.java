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
    private int first;
    private int end;
    private long size;

    boolean isEmpty() {
        return first == end;
    }

    int count() {
        return end - first;
    }

    /** Returns the number of bytes in all. */
    long size() {
        return size;
    }

    /** Appends a datagram whose destination is the socket address at {@code name}; {@code nameLength} 0 for none. */
    void add(long address, long length, long token, long destination, long name, int nameLength) {
        int slot = makeRoom(1);
        fields[slot] = address;
        fields[slot + LENGTH] = length;
        fields[slot + TOKEN] = token;
        fields[slot + DESTINATION] = destination;
        fields[slot + NAME_LENGTH] = nameLength;
        for (int i = 0; i * Long.BYTES < nameLength; i++) {
            fields[slot + NAME + i] = Memory.getLong(name + (long) i * Long.BYTES);
        }
        size += length;
        end++;
    }

    /** Appends all that is in {@code other}, which is empty then. */
    void takeAll(DatagramQueue other) {
        int slot = makeRoom(other.count());
        System.arraycopy(other.fields, other.first * FIELDS, fields, slot, other.count() * FIELDS);
        end += other.count();
        size += other.size;
        other.reset();
    }

    /** Describes the first {@code number} datagrams in {@code messages}. */
    void describe(MessageVector messages, int number) {
        for (int i = 0; i < number; i++) {
            int slot = (first + i) * FIELDS;
            messages.setData(i, fields[slot], fields[slot + LENGTH]);
            int nameLength = (int) fields[slot + NAME_LENGTH];
            messages.setNameLength(i, nameLength);
            for (int j = 0; j * Long.BYTES < nameLength; j++) {
                Memory.putLong(messages.name(i) + (long) j * Long.BYTES, fields[slot + NAME + j]);
            }
        }
    }

    /** Returns what keeps the memory of the first datagram alive. */
    long token() {
        return fields[first * FIELDS + TOKEN];
    }

    /** Returns the destination of the first datagram. */
    long destination() {
        return fields[first * FIELDS + DESTINATION];
    }

    /** Removes the first {@code number} datagrams; the tokens go to {@code owner}. */
    void removeFirst(int number, ChunkOwner owner) {
        for (int i = 0; i < number; i++) {
            int slot = first * FIELDS;
            first++;
            size -= fields[slot + LENGTH];
            owner.releaseChunk(fields[slot + TOKEN]);
            owner.releaseChunk(fields[slot + DESTINATION]);
        }
        if (isEmpty()) {
            reset();
        }
    }

    private int makeRoom(int number) {
        int slot = end * FIELDS;
        int needed = slot + number * FIELDS;
        if (needed > fields.length) {
            fields = Arrays.copyOf(fields, Math.max(needed, fields.length * 2));
        }
        return slot;
    }

    private void reset() {
        first = 0;
        end = 0;
        size = 0;
    }
}
