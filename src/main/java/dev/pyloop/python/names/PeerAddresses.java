package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Strings;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.libc.InternetAddress;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.ScratchBuffer;
import java.util.Arrays;

/**
 * Addresses of a loop's datagrams: the kernel's made into Python's, and the other way round.
 *
 * <p>The tuples of the last peers are kept, for a peer that has sent once will send again, and nobody can change a tuple of
 * strings and numbers. One that is not among them is made anew and takes the place of another. Guarded by the GIL.
 */
public final class PeerAddresses {
    private static final class Python {
        static final @Borrowed long DECODE = Imports.attribute("pyloop._for_engine.addresses", "decode");
    }

    private static final int CAPACITY_BITS = 8;
    private static final int CAPACITY = 1 << CAPACITY_BITS;
    /** Longs that hold any address of the Internet's. */
    private static final int KEY_LONGS = 4;

    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
    private static final int MAX_PORT = 0xFFFF;
    private static final int MAX_FLOW = 0xFFFFF;

    private final long[] keys = new long[CAPACITY * KEY_LONGS];
    private final @Owned long[] tuples = new long[CAPACITY];
    private final ScratchBuffer literal = new ScratchBuffer(InternetAddress.LITERAL_CAPACITY);
    private final ScratchBuffer size = new ScratchBuffer(Long.BYTES);

    /** Returns what {@code socket.recvfrom} returns for the address of {@code length} bytes at {@code name}. */
    @Owned
    public long toPython(long name, int length) {
        int expected = length == 0 ? 0 : InternetAddress.size(InternetAddress.family(name));
        if (expected == 0 || length != expected) {
            @Owned long raw = Bytes.copyOf(name, length);
            try {
                return decode(raw);
            } finally {
                References.release(raw);
            }
        }
        long first = Memory.getLong(name);
        long second = 0;
        long third = 0;
        long fourth = 0;
        if (length == InternetAddress.IPV6_SIZE) {
            second = Memory.getLong(name + Long.BYTES);
            third = Memory.getLong(name + 2 * Long.BYTES);
            fourth = Integer.toUnsignedLong(Memory.getInt(name + 3 * Long.BYTES));
        }
        int place = place(((first * 31 + second) * 31 + third) * 31 + fourth);
        int key = place * KEY_LONGS;
        if (tuples[place] == Objects.NULL
                || keys[key] != first
                || keys[key + 1] != second
                || keys[key + 2] != third
                || keys[key + 3] != fourth) {
            long tuple = makeTuple(name, length);
            References.releaseUnlessNull(tuples[place]);
            tuples[place] = tuple;
            keys[key] = first;
            keys[key + 1] = second;
            keys[key + 2] = third;
            keys[key + 3] = fourth;
        }
        return References.retain(tuples[place]);
    }

    /**
     * Writes a usual address of the Internet's, a tuple of a literal and numbers, to {@code name}.
     *
     * @return its size, or 0 if it is none: then {@code socket.sendto} knows what to do
     */
    public int toKernel(int family, @Borrowed long address, long name) {
        if (!Tuples.isTuple(address)) {
            return 0;
        }
        long items = Tuples.size(address);
        boolean complete = items == 2 || (family == InternetAddress.IPV6 && items == 4);
        if (!complete || !Strings.isString(Tuples.get(address, 0)) || !isNumber(address, 1, MAX_PORT)) {
            return 0;
        }
        long text = Strings.toUtf8(Tuples.get(address, 0), size.address());
        int port = number(address, 1);
        if (text == Objects.NULL || !InternetAddress.set(name, family, text, port)) {
            return 0;
        }
        if (items == 4) {
            if (!isNumber(address, 2, MAX_FLOW) || !isNumber(address, 3, Integer.MAX_VALUE)) {
                return 0;
            }
            InternetAddress.setFlowAndScope(name, number(address, 2), number(address, 3));
        }
        return InternetAddress.size(family);
    }

    /** Gives all tuples up. */
    public void clear() {
        for (long tuple : tuples) {
            References.releaseUnlessNull(tuple);
        }
        Arrays.fill(tuples, Objects.NULL);
    }

    private @Owned long makeTuple(long name, int length) {
        InternetAddress.format(name, literal.address());
        long host = Strings.fromUtf8(literal.address());
        long port = Numbers.fromLong(InternetAddress.port(name));
        long flow = Objects.NULL;
        long scope = Objects.NULL;
        try {
            if (length != InternetAddress.IPV6_SIZE) {
                return Tuples.of(host, port);
            }
            flow = Numbers.fromLong(InternetAddress.flow(name));
            scope = Numbers.fromLong(InternetAddress.scope(name));
            return Tuples.of(host, port, flow, scope);
        } finally {
            References.release(host);
            References.release(port);
            References.releaseUnlessNull(flow);
            References.releaseUnlessNull(scope);
        }
    }

    /** Returns what {@code socket.recvfrom} returns for the kernel's address in the bytes {@code raw}. */
    public static @Owned long decode(@Borrowed long raw) {
        return Calls.call(Python.DECODE, raw);
    }

    private static int place(long hash) {
        return (int) ((hash * GOLDEN_RATIO) >>> (Long.SIZE - CAPACITY_BITS));
    }

    private static boolean isNumber(@Borrowed long tuple, int index, int max) {
        long item = Tuples.get(tuple, index);
        return Numbers.isSmallInteger(item) && Numbers.compactValue(item) >= 0 && Numbers.compactValue(item) <= max;
    }

    private static int number(@Borrowed long tuple, int index) {
        return (int) Numbers.compactValue(Tuples.get(tuple, index));
    }
}
