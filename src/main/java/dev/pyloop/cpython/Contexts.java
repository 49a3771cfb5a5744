package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * {@code contextvars.Context}.
 *
 * <p>Every callback is given a context, enters it and leaves it. Done through the C API, that is half of what a callback
 * costs, so the usual case is done in place: a copy is a context from a pool with the variables of the current one; entering
 * and leaving swap a pointer of the thread state. What is not usual (an error, a watcher) is left to the C API. Callers hold
 * the GIL.
 */
public final class Contexts {
    private static final NativeFunction NEW = Interpreter.function("PyContext_New");
    private static final long TYPE = Interpreter.symbol("PyContext_Type");
    private static final int POOL_CAPACITY = 1 << 16;

    /** What only the unusual cases need. */
    private static final class Api {
        static final NativeFunction ENTER = Interpreter.function("PyContext_Enter");
        static final NativeFunction EXIT = Interpreter.function("PyContext_Exit");
    }

    /** The variables of a context that has none; those in the pool have them. Set by {@link #prepare}. */
    private static @Owned long noVariables = Objects.NULL;

    private static final Pool POOL = new Pool(POOL_CAPACITY);

    private Contexts() {}

    /** Finds out how this interpreter keeps contexts; before anything else here, and after {@link Errors#prepare}. */
    static void prepare() {
        ContextProbe.run();
        if (noVariables == Objects.NULL) {
            long context = create();
            noVariables = References.retain(Memory.getLong(context + ContextLayout.VARIABLES));
            References.release(context);
        }
    }

    /** Returns a copy of the current context of the thread that {@code threadState} belongs to: the caller's. */
    @Inlined
    public static @Owned long copyCurrent(long threadState) {
        long current = Memory.getLong(threadState + ContextLayout.THREAD_CONTEXT);
        return current == Objects.NULL ? empty() : copyOf(current);
    }

    /** Returns the current context of the thread that {@code threadState} belongs to; NULL if it has none yet. */
    public static @Borrowed long current(long threadState) {
        return Memory.getLong(threadState + ContextLayout.THREAD_CONTEXT);
    }

    /** Tells whether somebody is in {@code context}. */
    public static boolean isEntered(@Borrowed long context) {
        return Memory.getInt(context + ContextLayout.ENTERED) != 0;
    }

    /** Returns a copy of {@code context}, be it entered or not. */
    @Inlined
    public static @Owned long copyOf(@Borrowed long context) {
        long copy = empty();
        copyVariables(context, copy);
        return copy;
    }

    /** Makes {@code context}, which {@link #empty(long) was emptied}, what {@link #copyCurrent} returns. */
    @Inlined
    public static void copyCurrentTo(@Borrowed long context, long threadState) {
        long current = Memory.getLong(threadState + ContextLayout.THREAD_CONTEXT);
        if (current != Objects.NULL) {
            copyVariables(current, context);
        }
    }

    @Inlined
    private static void copyVariables(@Borrowed long from, @Borrowed long empty) {
        long variables = Memory.getLong(from + ContextLayout.VARIABLES);
        if (variables != noVariables) {
            Memory.putLong(empty + ContextLayout.VARIABLES, References.retain(variables));
            References.release(noVariables);
        }
    }

    /**
     * Takes its variables from a context that {@linkplain #isPrivate nobody else has}.
     *
     * @return the variables, NULL if it had none; to give them up may run any Python code
     */
    @Inlined
    public static @Owned long empty(@Borrowed long context) {
        long variables = Memory.getLong(context + ContextLayout.VARIABLES);
        if (variables == noVariables) {
            return Objects.NULL;
        }
        Memory.putLong(context + ContextLayout.VARIABLES, References.retain(noVariables));
        return variables;
    }

    /** Gives a context up, for the next {@link #copyCurrent} if nobody else has it. */
    @Inlined
    public static void release(@Owned long context) {
        if (POOL.isFull() || !isPrivate(context)) {
            References.release(context);
            return;
        }
        long variables = empty(context);
        POOL.put(context);
        // Last, because destructors may run any code.
        References.releaseUnlessNull(variables);
    }

    /** Frees some of the pooled contexts if there are many; repeated, it comes to an end. */
    public static void trimPool() {
        POOL.trim();
    }

    /** Tells whether {@code object} is a context; the type cannot be subclassed. */
    @Inlined
    public static boolean isContext(@Borrowed long object) {
        return Objects.type(object) == TYPE;
    }

    /**
     * Makes {@code context} the thread's current one; false, with the error indicator set, when it is entered already.
     *
     * <p>The thread state gets a reference of its own, for code that exchanges its context gives that one up.
     */
    @Inlined
    public static boolean tryEnter(long threadState, @Borrowed long context) {
        if (isWatched() || Memory.getInt(context + ContextLayout.ENTERED) != 0) {
            return enterByApi(context);
        }
        long slot = threadState + ContextLayout.THREAD_CONTEXT;
        Memory.putLong(context + ContextLayout.PREVIOUS, Memory.getLong(slot));
        Memory.putInt(context + ContextLayout.ENTERED, 1);
        setCurrent(slot, References.retain(context));
        return true;
    }

    /**
     * Undoes {@link #tryEnter}; a pending error stays pending.
     *
     * @return false, with the error indicator set, when another context is the thread's current one by now
     */
    @Inlined
    public static boolean exit(long threadState, @Borrowed long context) {
        long slot = threadState + ContextLayout.THREAD_CONTEXT;
        if (isWatched() || Memory.getLong(slot) != context) {
            return exitByApi(context);
        }
        setCurrent(slot, Memory.getLong(context + ContextLayout.PREVIOUS));
        Memory.putLong(context + ContextLayout.PREVIOUS, Objects.NULL);
        Memory.putInt(context + ContextLayout.ENTERED, 0);
        References.release(context);
        return true;
    }

    @Inlined
    private static void setCurrent(long slot, @Owned long context) {
        Memory.putLong(slot, context);
        // Variables cache their value together with this number.
        long version = slot + Long.BYTES;
        Memory.putLong(version, Memory.getLong(version) + 1);
    }

    @Inlined
    private static boolean isWatched() {
        return ContextLayout.WATCHERS != 0 && Memory.getByte(ContextLayout.WATCHERS) != 0;
    }

    /** Tells whether an object is a context that nobody has but the caller, by its one reference, and nobody is in. */
    @Inlined
    public static boolean isPrivate(@Borrowed long context) {
        return isContext(context)
                && References.isUnique(context)
                && Memory.getLong(context + ContextLayout.WEAK_LIST) == Objects.NULL
                && Memory.getInt(context + ContextLayout.ENTERED) == 0;
    }

    /** Returns a context that has no variables; such as a thread has that has none yet. */
    @Inlined
    private static @Owned long empty() {
        return POOL.isEmpty() ? create() : POOL.take();
    }

    private static long create() {
        return Errors.check(NEW.call());
    }

    private static boolean enterByApi(long context) {
        return (int) Api.ENTER.call(context) == 0;
    }

    private static boolean exitByApi(long context) {
        return (int) Api.EXIT.call(context) == 0;
    }
}
