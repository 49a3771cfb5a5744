package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.queue.ReadyQueue;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Java side of a Python object, or of a call request, by the number that it holds in a field of its own.
 *
 * <pre>
 *   number   0          before __init__
 *            1          after the Java side was left
 *            otherwise  an index into the table
 * </pre>
 *
 * <p>Numbers are used again. Guarded by the GIL.
 *
 * @param <T> the Java side
 */
final class JavaSides<T> {
    private static final int LEFT = 1;

    private final long field;
    private @Nullable Object[] table = new Object[16];
    private int limit = LEFT + 1;
    private final ReadyQueue free = new ReadyQueue();

    /** Makes a table for objects that hold their number at offset {@code field}, eight bytes wide. */
    JavaSides(long field) {
        this.field = field;
    }

    /** Returns the Java side of {@code self}, an instance of the type with the field; null if it has none. */
    @SuppressWarnings("unchecked") // only enter() fills the table
    @Nullable
    @Inlined
    T find(@Borrowed long self) {
        return (T) table[(int) Memory.getLong(self + field)];
    }

    /**
     * Tells whether {@code self} had a Java side once. Destructors of other objects may still use one that the garbage
     * collector has finalized.
     */
    boolean isLeft(@Borrowed long self) {
        return Memory.getLong(self + field) == LEFT;
    }

    /** Shows every Java side to {@code visitor}, which must neither enter nor leave any. */
    @SuppressWarnings("unchecked") // only enter() fills the table
    void forEach(Consumer<T> visitor) {
        for (Object side : table) {
            if (side != null) {
                visitor.accept((T) side);
            }
        }
    }

    /** Makes {@code side} the Java side of {@code self}, which must have none. */
    void enter(@Borrowed long self, T side) {
        if (free.isEmpty() && limit == table.length) {
            // The numbers' way back is cleared first: nothing must fail when one is left.
            free.reserve(table.length * 2);
            table = Arrays.copyOf(table, table.length * 2);
        }
        int number = free.isEmpty() ? limit++ : (int) free.poll();
        table[number] = side;
        Memory.putLong(self + field, number);
    }

    /** Takes the Java side of {@code self}, if it has one, out of the table. */
    void leave(@Borrowed long self) {
        int number = (int) Memory.getLong(self + field);
        if (number > LEFT) {
            Memory.putLong(self + field, LEFT);
            table[number] = null;
            free.add(number);
        }
    }
}
