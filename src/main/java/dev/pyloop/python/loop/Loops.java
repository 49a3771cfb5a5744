package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.InstanceTable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the Java side of a Python loop.
 *
 * <pre>
 *   struct EventLoop { PyObject_HEAD; int64_t number; };
 * </pre>
 *
 * <p>A loop that is closed has left its Java side. Guarded by the GIL.
 */
public final class Loops {
    private static final long NUMBER = Objects.HEADER_SIZE;
    /** Size of the Python object before what subclasses add. */
    static final long OBJECT_SIZE = NUMBER + Long.BYTES;

    private static final InstanceTable<LoopObject> ALL = new InstanceTable<>(NUMBER);

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
        return object != Objects.NULL && isLoop(object) ? ALL.find(object) : null;
    }

    /**
     * Returns the open loop behind {@code self}, an instance of our type; null if it is closed or not initialized. Touches
     * no reference, so that the garbage collector may ask while it counts them.
     */
    static @Nullable LoopObject findOwn(@Borrowed long self) {
        return ALL.find(self);
    }

    /** Returns the open loop behind {@code self}, an instance of our type, or raises RuntimeError. */
    @Inlined
    public static LoopObject get(@Borrowed long self) {
        LoopObject loop = ALL.find(self);
        if (loop == null) {
            throw PythonException.runtimeError(
                    ALL.isLeft(self)
                            ? "Event loop is closed"
                            : "the event loop is not initialized: __init__() was not called");
        }
        return loop;
    }

    /** Tells whether {@code self}, an instance of our type, was initialized before, be it closed or not. */
    static boolean isInitialized(@Borrowed long self) {
        return ALL.find(self) != null || ALL.isLeft(self);
    }

    /** Enters a loop and writes its number into the Python object. */
    static void enter(@Borrowed long self, LoopObject loop) {
        ALL.enter(self, loop);
    }

    /** Marks the loop as closed. */
    static void leave(@Borrowed long self) {
        ALL.leave(self);
    }

    /** Shows every open loop to {@code visitor}, which must not open or close any. */
    static void forEach(Consumer<LoopObject> visitor) {
        ALL.forEach(visitor);
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
}
