package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/**
 * Python objects in general: constants, types, attributes, strings.
 *
 * <pre>
 *   struct _object { Py_ssize_t ob_refcnt; PyTypeObject *ob_type; };      as LayoutCheck makes sure
 * </pre>
 *
 * <p>Methods that can fail throw {@link PythonException#PENDING} with the error indicator set. Callers hold the GIL.
 */
public final class Objects {
    /** The null pointer. */
    public static final long NULL = 0;

    /** {@code None}, which the interpreter owns. */
    public static final long NONE = Interpreter.symbol("_Py_NoneStruct");
    /** {@code True}, which the interpreter owns. */
    public static final long TRUE = Interpreter.symbol("_Py_TrueStruct");
    /** {@code False}, which the interpreter owns. */
    public static final long FALSE = Interpreter.symbol("_Py_FalseStruct");

    /** Bytes of {@code PyObject_HEAD}. */
    public static final long HEADER_SIZE = 16;

    private static final long OB_TYPE = 8;

    private static final NativeFunction GET_ATTR = Interpreter.function("PyObject_GetAttr");
    private static final NativeFunction IMPORT = Interpreter.function("PyImport_ImportModule");
    private static final NativeFunction IS_TRUE = Interpreter.function("PyObject_IsTrue");
    private static final NativeFunction IS_SUBTYPE = Interpreter.function("PyType_IsSubtype");

    private static final class Sized {
        static final NativeFunction LENGTH = Interpreter.function("PyObject_Size");
    }

    private static final class Bound {
        static final NativeFunction NEW = Interpreter.function("PyMethod_New");
    }

    private Objects() {}

    /** Returns the type of {@code object}. */
    @Inlined
    public static @Borrowed long type(@Borrowed long object) {
        return Memory.getLong(object + OB_TYPE);
    }

    /** Tells whether {@code object} is an instance of {@code type} or of a subtype. */
    public static boolean isInstance(@Borrowed long object, @Borrowed long type) {
        return type(object) == type || isSubtype(type(object), type);
    }

    /** Returns a new reference to {@code None}. */
    public static @Owned long none() {
        return References.retain(NONE);
    }

    /** Returns a new reference to {@code True} or {@code False}. */
    public static @Owned long bool(boolean value) {
        return References.retain(value ? TRUE : FALSE);
    }

    /** Returns the truth of {@code object}. */
    public static boolean isTrue(@Borrowed long object) {
        if (object == TRUE || object == FALSE) {
            return object == TRUE;
        }
        int truth = (int) IS_TRUE.call(object);
        return Errors.check(truth) != 0;
    }

    /** Returns {@code len(object)}. */
    public static long length(@Borrowed long object) {
        long length = Sized.LENGTH.call(object);
        if (length < 0) {
            throw PythonException.PENDING;
        }
        return length;
    }

    /** Returns the interned string of {@code text}; interned strings with equal text are one object. */
    public static @Owned long intern(String text) {
        return Interned.get(text);
    }

    /** Returns the attribute {@code name} of {@code object}. */
    public static @Owned long getAttribute(@Borrowed long object, @Borrowed long name) {
        return Errors.check(GET_ATTR.call(object, name));
    }

    /** Returns the attribute {@code name} of {@code object}; for start-up, where the name is used once. */
    public static @Owned long getAttribute(@Borrowed long object, String name) {
        long interned = intern(name);
        try {
            return getAttribute(object, interned);
        } finally {
            References.release(interned);
        }
    }

    /** Tells whether {@code object} has the attribute {@code name}; any error means that it has not. */
    public static boolean hasAttribute(@Borrowed long object, String name) {
        NativeFunction hasAttribute = Interpreter.function("PyObject_HasAttrString");
        try (NativeBuffer text = NativeBuffer.of(name)) {
            return (int) hasAttribute.call(object, text.address()) != 0;
        }
    }

    /** Returns {@code function} as a method of {@code self}. */
    public static @Owned long bind(@Borrowed long function, @Borrowed long self) {
        return Errors.check(Bound.NEW.call(function, self));
    }

    /** Imports a module by its full name. */
    public static @Owned long importModule(String name) {
        try (NativeBuffer copy = NativeBuffer.of(name)) {
            return Errors.check(IMPORT.call(copy.address()));
        }
    }

    private static boolean isSubtype(long type, long base) {
        return (int) IS_SUBTYPE.callLeaf(type, base) != 0;
    }
}
