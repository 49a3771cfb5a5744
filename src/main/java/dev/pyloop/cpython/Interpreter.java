package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;

/**
 * The CPython this process runs: where its C API is and which version it has.
 *
 * <p>{@link #attach} comes first; the other classes of this package bind their functions when they are first used, so
 * that a program pays only for what it needs. Invariant: one interpreter per process, of which only the main one.
 */
public final class Interpreter {
    /** The {@code dlopen} handle to look symbols up in. Written once, before any other class here is initialized. */
    private static long library;

    private Interpreter() {}

    /**
     * Binds to the running interpreter.
     *
     * @param library the {@code dlopen} handle of the executable or library that exports the C API
     */
    public static void attach(long library) {
        Interpreter.library = library;
    }

    /** Returns the version as {@code 0x030D00F0} for 3.13.0 final; {@code Py_Version} in the C API. */
    static int version() {
        return (int) Memory.getLong(symbol("Py_Version"));
    }

    /** Finds a function of the C API. */
    static NativeFunction function(String name) {
        return NativeFunction.at(symbol(name));
    }

    /** Returns the address of {@code name}, which every supported version exports. */
    static long symbol(String name) {
        long address = optionalSymbol(name);
        if (address == 0) {
            throw new IllegalStateException("this Python does not export " + name);
        }
        return address;
    }

    /** Returns the address of {@code name}, or 0 when this version does not export it. */
    static long optionalSymbol(String name) {
        return NativeSymbols.find(library, name);
    }
}
