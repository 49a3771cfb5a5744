package dev.pyloop.transport;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Iovec;
import dev.pyloop.libc.Transfers;
import java.util.Arrays;

/**
 * Chunks of memory that wait to be sent, first in, first out.
 *
 * <p>Invariant: {@link #size()} is the number of bytes that were added and not yet removed. A chunk comes with a token that
 * keeps its memory alive; the queue owns it until it hands it back to the owner of chunks. Not thread-safe.
 */
public final class WriteQueue {
    private static final int INITIAL_CAPACITY = 4;
    /** Address, length and token. */
    private static final int FIELDS = 3;

    private static final int LENGTH = 1;
    private static final int TOKEN = 2;

    /** A ring; {@code head} and {@code count} are in chunks. */
    private long[] ring = new long[INITIAL_CAPACITY * FIELDS];

    private int head;
    private int count;
    private long size;

    /** Tells whether there is nothing to send. */
    public boolean isEmpty() {
        return count == 0;
    }

    /** Returns the number of chunks. */
    public int count() {
        return count;
    }

    /** Returns the number of bytes. */
    public long size() {
        return size;
    }

    /** Appends a chunk of at least one byte. */
    public void add(long address, long length, long token) {
        if (count * FIELDS == ring.length) {
            grow();
        }
        int slot = slot(count++);
        ring[slot] = address;
        ring[slot + LENGTH] = length;
        ring[slot + TOKEN] = token;
        size += length;
    }

    /**
     * Sends as much as there is room for; the tokens of chunks that were sent go to {@code owner}.
     *
     * @param io has room for one system call to be described in, and counts the calls
     * @return 0, or the negated errno with which the last system call failed
     */
    @Inlined
    long send(Transfers transfers, StreamOwner owner, StreamIo io) {
        while (count > 0) {
            boolean all = count <= StreamIo.VECTOR_LENGTH;
            long offered = size;
            long sent = count == 1
                    ? transfers.send(owner.openDescriptor(), address(), length())
                    : transfers.send(
                            owner.openDescriptor(), io.vector(), describe(io.vector(), StreamIo.VECTOR_LENGTH));
            io.metrics().sent(sent);
            if (sent < 0) {
                return sent;
            }
            remove(sent, owner);
            if (all && sent < offered) {
                return 0;
            }
        }
        return 0;
    }

    /** Returns the address of the first byte. */
    public long address() {
        return ring[slot(0)];
    }

    /** Returns the length of the first chunk. */
    public long length() {
        return ring[slot(0) + LENGTH];
    }

    /** Describes the first chunks, at most {@code limit}, in the array at {@code vector}, and returns how many. */
    public int describe(long vector, int limit) {
        int described = Math.min(count, limit);
        for (int i = 0; i < described; i++) {
            int slot = slot(i);
            Iovec.set(vector, i, ring[slot], ring[slot + LENGTH]);
        }
        return described;
    }

    /** Removes the first {@code bytes} bytes; the tokens of chunks that end thereby go to {@code owner}. */
    public void remove(long bytes, ChunkOwner owner) {
        size -= bytes;
        long rest = bytes;
        while (rest > 0) {
            int slot = slot(0);
            long length = ring[slot + LENGTH];
            if (rest < length) {
                ring[slot] += rest;
                ring[slot + LENGTH] = length - rest;
                return;
            }
            rest -= length;
            long token = ring[slot + TOKEN];
            removeFirst();
            owner.releaseChunk(token);
        }
    }

    /** Removes everything; the tokens go to {@code owner}. */
    public void clear(ChunkOwner owner) {
        size = 0;
        while (count > 0) {
            long token = ring[slot(0) + TOKEN];
            removeFirst();
            owner.releaseChunk(token);
        }
    }

    private void removeFirst() {
        head = (head + 1) % (ring.length / FIELDS);
        count--;
    }

    private int slot(int index) {
        int position = head + index;
        int capacity = ring.length / FIELDS;
        return (position >= capacity ? position - capacity : position) * FIELDS;
    }

    private void grow() {
        int start = head * FIELDS;
        long[] larger = Arrays.copyOfRange(ring, start, start + ring.length * 2);
        System.arraycopy(ring, 0, larger, ring.length - start, start);
        ring = larger;
        head = 0;
    }
}
