package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * Type objects and what instances of them look like in memory.
 *
 * <pre>
 *   struct _typeobject, as in every version from 3.8:
 *     tp_name            24
 *     tp_basicsize       32
 *     tp_weaklistoffset  208
 *
 *   struct PyMemberDescrObject { PyObject_HEAD; PyTypeObject *d_type; PyObject *d_name, *d_qualname; PyMemberDef *d_member; };
 *   struct PyMemberDef { const char *name; int type; Py_ssize_t offset; int flags; const char *doc; };
 *
 *   struct PyGC_Head { uintptr_t _gc_next, _gc_prev; };      before each object of the garbage collector's; 0: not tracked
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Types {
    private static final long TP_NAME = 24;
    private static final long TP_BASICSIZE = 32;
    private static final long TP_WEAKLISTOFFSET = 208;
    private static final long D_MEMBER = 40;
    private static final long MEMBER_OFFSET = 16;
    private static final long GC_NEXT = -16;
    static final long TP_VERSION_TAG = 384;

    private static final NativeFunction GC_NEW = Interpreter.function("_PyObject_GC_New");
    private static final NativeFunction GC_TRACK = Interpreter.function("PyObject_GC_Track");
    private static final NativeFunction GC_UNTRACK = Interpreter.function("PyObject_GC_UnTrack");
    private static final long MEMBER_DESCRIPTOR = Interpreter.symbol("PyMemberDescr_Type");

    private Types() {}

    /** Tells whether {@code type} has this name, of ASCII characters, as C knows it. */
    static boolean isNamed(@Borrowed long type, String name) {
        long text = Memory.getLong(type + TP_NAME);
        for (int i = 0; i < name.length(); i++) {
            if (Memory.getByte(text + i) != name.charAt(i)) {
                return false;
            }
        }
        return Memory.getByte(text + name.length()) == 0;
    }

    /** Returns the size in bytes of an instance of {@code type}. */
    public static long basicSize(@Borrowed long type) {
        return Memory.getLong(type + TP_BASICSIZE);
    }

    /** Returns where an instance of {@code type} keeps the list of its weak references. */
    public static long weakListOffset(@Borrowed long type) {
        return Memory.getLong(type + TP_WEAKLISTOFFSET);
    }

    /**
     * Returns where instances of {@code type} keep the member {@code name} of its {@code __slots__}.
     *
     * @throws IllegalStateException if this interpreter lays the member out in a way unknown here
     */
    public static long slotOffset(@Borrowed long type, String name) {
        long descriptor = Objects.getAttribute(type, name);
        try {
            if (Objects.type(descriptor) != MEMBER_DESCRIPTOR) {
                throw new IllegalStateException(name + " is not a slot");
            }
            long offset = Memory.getLong(Memory.getLong(descriptor + D_MEMBER) + MEMBER_OFFSET);
            if (offset < Objects.HEADER_SIZE || offset >= basicSize(type) || offset % Long.BYTES != 0) {
                throw new IllegalStateException(name + " is said to be at offset " + offset);
            }
            return offset;
        } finally {
            References.release(descriptor);
        }
    }

    /** Makes a zeroed instance of the heap type {@code type} that the garbage collector does not track. */
    public static @Owned long allocateUntracked(@Borrowed long type) {
        long object = Errors.check(GC_NEW.call(type));
        long end = object + basicSize(type);
        for (long field = object + Objects.HEADER_SIZE; field < end; field += Long.BYTES) {
            Memory.putLong(field, Objects.NULL);
        }
        return object;
    }

    /** Tells whether the garbage collector tracks {@code object}, which must be of a type it knows. */
    @Inlined
    public static boolean isTracked(@Borrowed long object) {
        return Memory.getLong(object + GC_NEXT) != Objects.NULL;
    }

    /** Makes the garbage collector track {@code object}, which it did not before. */
    public static void track(@Borrowed long object) {
        GC_TRACK.call(object);
    }

    /** Makes the garbage collector overlook {@code object}. */
    public static void untrack(@Borrowed long object) {
        GC_UNTRACK.call(object);
    }

    /**
     * Returns the number of what the type and its bases are now. Another one, 0 among them, says that an attribute of one of
     * them may have been set.
     */
    @Inlined
    public static int version(@Borrowed long type) {
        return Memory.getInt(type + TP_VERSION_TAG);
    }
}
