package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/**
 * Compares what this package believes about the interpreter's memory with what the interpreter itself answers.
 *
 * <p>Run once at start: a build that lays objects out otherwise gets an error message instead of a crash.
 */
public final class LayoutCheck {
    private static final double SAMPLE = 1234.5;

    private LayoutCheck() {}

    /**
     * Checks every layout that is read or written in place.
     *
     * @throws IllegalStateException naming the first that differs
     */
    public static void run() {
        long number = Numbers.fromDouble(SAMPLE);
        try {
            checkObject(number);
            checkTuple(number);
            checkInts();
            checkVersions();
            Contexts.prepare();
        } finally {
            References.release(number);
        }
    }

    private static void checkObject(long number) {
        int before = Memory.getInt(number);
        References.retain(number);
        expect(Memory.getInt(number) == before + 1, "reference counts");
        References.release(number);
        expect(Memory.getInt(number) == before, "reference counts");
        expect(Numbers.isFloat(number), "the type of an object");
        expect(Numbers.value(number) == SAMPLE, "float");
        long type = Objects.type(number);
        expect(Types.basicSize(type) == Objects.HEADER_SIZE + Double.BYTES, "type objects");
    }

    private static void checkTuple(long number) {
        try (NativeBuffer items = new NativeBuffer(2 * Long.BYTES)) {
            Memory.putLong(items.address(), number);
            Memory.putLong(items.address() + Long.BYTES, Objects.NONE);
            long tuple = Tuples.copyOf(items.address(), 2);
            try {
                expect(Tuples.size(tuple) == 2, "tuple");
                expect(Types.isTracked(tuple), "the garbage collector's header");
                expect(item(tuple, 0) == number && item(tuple, 1) == Objects.NONE, "tuple");
            } finally {
                References.release(tuple);
            }
        }
    }

    private static void checkInts() {
        for (long value : new long[] {0, 1, -1, (1L << 30) - 1, 1 - (1L << 30)}) {
            long number = Numbers.fromLong(value);
            expect(Numbers.isCompact(number) && Numbers.compactValue(number) == value, "int");
            References.release(number);
        }
        for (long value : new long[] {1L << 30, -(1L << 30), Long.MAX_VALUE, Long.MIN_VALUE}) {
            long number = Numbers.fromLong(value);
            expect(!Numbers.isCompact(number), "int");
            References.release(number);
        }
    }

    /** A type that was modified has no version until it is asked for an attribute. */
    private static void checkVersions() {
        long type = Errors.check(Interpreter.function("PyType_FromSpec").call(specOfNothing()));
        try {
            References.release(Objects.getAttribute(type, "__repr__"));
            int version = Types.version(type);
            Interpreter.function("PyType_Modified").call(type);
            expect(version != 0 && Types.version(type) == 0, "the versions of types");
        } finally {
            References.release(type);
        }
    }

    private static long specOfNothing() {
        long slots = NativeBuffer.immortal(16);
        long spec = NativeBuffer.immortal(32);
        Memory.putLong(spec, NativeBuffer.immortalString("pyloop._engine.Nothing"));
        Memory.putInt(spec + 8, (int) Objects.HEADER_SIZE);
        Memory.putLong(spec + 24, slots);
        return spec;
    }

    private static long item(long tuple, long index) {
        NativeFunction getItem = Interpreter.function("PyTuple_GetItem");
        return getItem.call(tuple, index);
    }

    /** Throws unless what was expected of {@code what} holds. */
    static void expect(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("this Python lays out " + what + " in a way PyLoop does not know");
        }
    }
}
