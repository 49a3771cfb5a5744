package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.memory.Memory;
import dev.pyloop.queue.ReadyQueue;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Java side of a Python loop.
 *
 * <pre>
 *   struct EventLoop { PyObject_HEAD; int64_t number; };
 *
 *   number   0          before __init__
 *            1          closed
 *            otherwise  an index into the table
 * </pre>
 *
 * <p>Numbers of closed loops are used again. Guarded by the GIL.
 */
final class Loops {
    private static final long NUMBER = Objects.HEADER_SIZE;
    /** Size of the Python object before what subclasses add. */
    static final long OBJECT_SIZE = NUMBER + Long.BYTES;

    private static final int UNINITIALIZED = 0;
    private static final int CLOSED = 1;

    private static @Nullable LoopObject[] table = new LoopObject[16];
    private static int limit = CLOSED + 1;
    private static final ReadyQueue FREE = new ReadyQueue();

    /** The type whose instances have the number; set once, when it is built. */
    private static long loopType;

    /** The last type found to be a subtype of it, kept alive: programs have one class of loop. */
    private static long knownSubtype;

    private Loops() {}

    static void setLoopType(@Borrowed long type) {
        loopType = References.retain(type);
        knownSubtype = References.retain(type);
    }

    /** Returns the open loop behind {@code object}; null if it is closed, not initialized or something else. */
    static @Nullable LoopObject find(@Borrowed long object) {
        return object != Objects.NULL && isLoop(object) ? table[number(object)] : null;
    }

    /** Returns the open loop behind {@code self}, an instance of our type, or raises RuntimeError. */
    static LoopObject get(@Borrowed long self) {
        LoopObject loop = table[number(self)];
        if (loop == null) {
            throw PythonException.runtimeError(
                    number(self) == CLOSED
                            ? "Event loop is closed"
                            : "the event loop is not initialized: __init__() was not called");
        }
        return loop;
    }

    /** Tells whether {@code self}, an instance of our type, was initialized before, be it closed or not. */
    static boolean isInitialized(@Borrowed long self) {
        return number(self) != UNINITIALIZED;
    }

    /** Enters a loop and writes its number into the Python object. */
    static void enter(@Borrowed long self, LoopObject loop) {
        int number = FREE.isEmpty() ? limit++ : (int) FREE.poll();
        if (number == table.length) {
            table = Arrays.copyOf(table, table.length * 2);
        }
        table[number] = loop;
        Memory.putLong(self + NUMBER, number);
    }

    /** Marks the loop as closed. */
    static void leave(@Borrowed long self) {
        int number = number(self);
        Memory.putLong(self + NUMBER, CLOSED);
        table[number] = null;
        FREE.add(number);
    }

    /** Shows every open loop to {@code visitor}, which must not open or close any. */
    static void forEach(Consumer<LoopObject> visitor) {
        for (LoopObject loop : table) {
            if (loop != null) {
                visitor.accept(loop);
            }
        }
    }

    /** Tells whether {@code object} is an instance of our type. */
    static boolean isLoop(@Borrowed long object) {
        long type = Objects.type(object);
        if (type == knownSubtype) {
            return true;
        }
        if (!Objects.isInstance(object, loopType)) {
            return false;
        }
        long previous = knownSubtype;
        knownSubtype = References.retain(type);
        References.release(previous);
        return true;
    }

    private static int number(long self) {
        return (int) Memory.getLong(self + NUMBER);
    }
}
