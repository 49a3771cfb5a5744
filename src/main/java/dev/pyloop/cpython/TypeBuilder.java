package dev.pyloop.cpython;

import dev.pyloop.memory.EntryPoints;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds a heap type whose methods are Java's: {@code PyType_FromSpecWithBases}.
 *
 * <pre>
 *   struct PyType_Spec { const char *name; int basicsize, itemsize; unsigned int flags; PyType_Slot *slots; };  32 bytes
 *   struct PyType_Slot { int slot; void *pfunc; };                                                           16 bytes
 *   struct PyMethodDef { const char *ml_name; PyCFunction ml_meth; int ml_flags; const char *ml_doc; };      32 bytes
 *   struct PyMemberDef { const char *name; int type; Py_ssize_t offset; int flags; const char *doc; };       40 bytes
 *   struct PyGetSetDef { const char *name; getter get; setter set; const char *doc; void *closure; };        40 bytes
 * </pre>
 *
 * <p>What is built is never freed: the interpreter keeps pointers into the method table as long as the type lives. Callers
 * hold the GIL.
 */
public final class TypeBuilder {
    private static final int METH_NOARGS = 0x0004;
    private static final int METH_O = 0x0008;
    private static final int METH_STATIC = 0x0020;
    private static final int METH_FASTCALL_KEYWORDS = 0x0080 | 0x0002;

    private static final int TPFLAGS_DEFAULT = 0;
    private static final int TPFLAGS_BASETYPE = 1 << 10;
    private static final int TPFLAGS_HAVE_GC = 1 << 14;

    private static final int SLOT_DOC = 56;
    private static final int SLOT_METHODS = 64;
    private static final int SLOT_TRAVERSE = 71;
    private static final int SLOT_MEMBERS = 72;
    private static final int SLOT_GETSET = 73;

    private static final long SPEC_SIZE = 32;
    private static final long SLOT_SIZE = 16;
    private static final long METHOD_SIZE = 32;
    private static final long MEMBER_SIZE = 40;
    private static final long GETSET_SIZE = 40;

    private static final int T_PYSSIZET = 19;
    private static final int READONLY = 1;

    private static final NativeFunction FROM_SPEC = Interpreter.function("PyType_FromSpecWithBases");

    private record Method(String name, long function, int flags, String doc) {}

    private record Slot(int number, long value) {}

    private final String name;
    private final long basicSize;
    private final List<Method> methods = new ArrayList<>();
    private final List<Slot> slots = new ArrayList<>();
    private int flags = TPFLAGS_DEFAULT;

    /**
     * Starts a type.
     *
     * @param name full name, module and all
     * @param basicSize bytes of an instance, at least those of its base type
     */
    public TypeBuilder(String name, long basicSize) {
        this.name = name;
        this.basicSize = basicSize;
    }

    /** Lets Python classes derive from the type. */
    public TypeBuilder subclassable() {
        flags |= TPFLAGS_BASETYPE;
        return this;
    }

    /** Sets the docstring. */
    public TypeBuilder doc(String text) {
        slots.add(new Slot(SLOT_DOC, NativeBuffer.immortalString(text)));
        return this;
    }

    /** Makes the garbage collector ask {@code traverse} what instances refer to. */
    public TypeBuilder traverse(Traverse traverse) {
        flags |= TPFLAGS_HAVE_GC;
        slots.add(new Slot(SLOT_TRAVERSE, Upcalls.traverse(traverse)));
        return this;
    }

    /**
     * Lets instances have attributes of any name, in a dict that is made when the first one is set.
     *
     * @param offset where an instance has eight bytes for the pointer to it
     */
    public TypeBuilder dictionary(long offset) {
        // Each table ends with an empty entry.
        long member = NativeBuffer.immortal(2 * MEMBER_SIZE);
        Memory.putLong(member, NativeBuffer.immortalString("__dictoffset__"));
        Memory.putInt(member + 8, T_PYSSIZET);
        Memory.putLong(member + 16, offset);
        Memory.putInt(member + 24, READONLY);
        slots.add(new Slot(SLOT_MEMBERS, member));
        long attribute = NativeBuffer.immortal(2 * GETSET_SIZE);
        Memory.putLong(attribute, NativeBuffer.immortalString("__dict__"));
        Memory.putLong(attribute + 8, Interpreter.symbol("PyObject_GenericGetDict"));
        Memory.putLong(attribute + 16, Interpreter.symbol("PyObject_GenericSetDict"));
        slots.add(new Slot(SLOT_GETSET, attribute));
        return this;
    }

    /** Adds a method with positional and keyword arguments. The first line of {@code doc} is its signature. */
    public TypeBuilder keywords(String name, Methods receiver, int number, String doc) {
        methods.add(new Method(name, Upcalls.keywords(receiver, number), METH_FASTCALL_KEYWORDS, doc));
        return this;
    }

    /** As {@link #keywords(String, Methods, int, String)}, with an entry point of its own. */
    public TypeBuilder keywords(String name, KeywordsMethod method, String doc) {
        methods.add(new Method(name, EntryPoints.addressOf(method), METH_FASTCALL_KEYWORDS, doc));
        return this;
    }

    /** Adds a method without arguments. */
    public TypeBuilder noArguments(String name, Methods receiver, int number, String doc) {
        methods.add(new Method(name, Upcalls.noArguments(receiver, number), METH_NOARGS, doc));
        return this;
    }

    /** Adds a method without arguments whose calls of Python have no Java frame under them. */
    public TypeBuilder driven(String name, DrivenMethod driven, String doc) {
        methods.add(new Method(name, EntryPoints.addressOf(driven), METH_NOARGS, doc));
        return this;
    }

    /** Adds a method with positional and keyword arguments whose calls of Python have no Java frame under them. */
    public TypeBuilder drivenKeywords(String name, DrivenMethod driven, String doc) {
        methods.add(new Method(name, EntryPoints.addressOf(driven), METH_FASTCALL_KEYWORDS, doc));
        return this;
    }

    /** Adds a static method without arguments; it is called with the type in place of an instance. */
    public TypeBuilder staticMethod(String name, Methods receiver, int number, String doc) {
        methods.add(new Method(name, Upcalls.noArguments(receiver, number), METH_NOARGS | METH_STATIC, doc));
        return this;
    }

    /** Adds a method with one positional argument. */
    public TypeBuilder oneArgument(String name, Methods receiver, int number, String doc) {
        methods.add(new Method(name, Upcalls.oneArgument(receiver, number), METH_O, doc));
        return this;
    }

    /**
     * Makes the type.
     *
     * @param base its one base type; {@link Objects#NULL} for {@code object}
     */
    public @Owned long build(@Borrowed long base) {
        slots.add(new Slot(SLOT_METHODS, methodTable()));
        long spec = NativeBuffer.immortal(SPEC_SIZE);
        Memory.putLong(spec, NativeBuffer.immortalString(name));
        Memory.putInt(spec + 8, Math.toIntExact(basicSize));
        Memory.putInt(spec + 16, flags);
        Memory.putLong(spec + 24, slotTable());
        return Errors.check(FROM_SPEC.call(spec, base));
    }

    private long slotTable() {
        long table = NativeBuffer.immortal(SLOT_SIZE * (slots.size() + 1));
        long entry = table;
        for (Slot slot : slots) {
            Memory.putInt(entry, slot.number());
            Memory.putLong(entry + 8, slot.value());
            entry += SLOT_SIZE;
        }
        return table;
    }

    private long methodTable() {
        long table = NativeBuffer.immortal(METHOD_SIZE * (methods.size() + 1));
        long entry = table;
        for (Method method : methods) {
            Memory.putLong(entry, NativeBuffer.immortalString(method.name()));
            Memory.putLong(entry + 8, method.function());
            Memory.putInt(entry + 16, method.flags());
            Memory.putLong(entry + 24, NativeBuffer.immortalString(method.doc()));
            entry += METHOD_SIZE;
        }
        return table;
    }
}
