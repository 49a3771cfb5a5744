package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.queue.LongQueue;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Java object that belongs to a Python object, or to a call request, by the number that this holds in a field.
 *
 * <pre>
 *   number   0          before __init__
 *            1          after the Java object has left
 *            otherwise  an index into the table
 * </pre>
 *
 * <p>Numbers are used again. Guarded by the GIL.
 *
 * @param <T> the Java objects
 */
public final class InstanceTable<T> {
    private static final int LEFT = 1;

    private final long field;
    private @Nullable Object[] table = new Object[16];
    private int limit = LEFT + 1;
    private final LongQueue free = new LongQueue();

    /** Makes a table for objects that hold their number at offset {@code field}, eight bytes wide. */
    public InstanceTable(long field) {
        this.field = field;
    }

    /** Returns the Java object of {@code self}, an instance of the type with the field; null if it has none. */
    @SuppressWarnings("unchecked") // only enter() fills the table
    @Nullable
    @Inlined
    public T find(@Borrowed long self) {
        return (T) table[(int) Memory.getLong(self + field)];
    }

    /**
     * Tells whether {@code self} had a Java object once. Destructors of other objects may still use one that the garbage
     * collector has finalized.
     */
    public boolean isLeft(@Borrowed long self) {
        return Memory.getLong(self + field) == LEFT;
    }

    /** Shows every Java object to {@code visitor}, which must neither enter nor leave any. */
    @SuppressWarnings("unchecked") // only enter() fills the table
    public void forEach(Consumer<T> visitor) {
        for (Object object : table) {
            if (object != null) {
                visitor.accept((T) object);
            }
        }
    }

    /** Makes {@code object} the Java object of {@code self}, which must have none. */
    public void enter(@Borrowed long self, T object) {
        if (free.isEmpty() && limit == table.length) {
            // First, so that no later leave() needs memory.
            free.reserve(table.length * 2);
            table = Arrays.copyOf(table, table.length * 2);
        }
        int number = free.isEmpty() ? limit++ : (int) free.poll();
        table[number] = object;
        Memory.putLong(self + field, number);
    }

    /** Takes the Java object of {@code self}, if it has one, out of the table. */
    public void leave(@Borrowed long self) {
        int number = (int) Memory.getLong(self + field);
        if (number > LEFT) {
            Memory.putLong(self + field, LEFT);
            table[number] = null;
            free.add(number);
        }
    }
}
