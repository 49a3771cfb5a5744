package dev.pyloop.memory;

/**
 * Finds functions and variables of the libraries in this process, by {@code dlsym}.
 *
 * <p>The start hands the address of {@code dlsym} over ({@link #attach}), for Java's own lookup takes milliseconds to set up
 * where there is one. Any thread may look up.
 */
public final class NativeSymbols {
    /** {@code RTLD_DEFAULT}: what the process was started with, the C library among it. */
    private static final long PROCESS = 0;

    /** Where a name is put for {@code dlsym}. Guarded by this class's lock. */
    private static final long NAME = Memory.allocateForever(128);

    /** Address of {@code dlsym}; 0 before anything was looked up or attached. Guarded by this class's lock. */
    private static long dlsym;

    private NativeSymbols() {}

    /** Tells the address of {@code dlsym}. Without it, the first search asks Java for it. */
    public static synchronized void attach(long dlsym) {
        NativeSymbols.dlsym = dlsym;
    }

    /** Returns the address of {@code name} in the C library, which must have it. */
    public static long libc(String name) {
        long address = optionalLibc(name);
        if (address == 0) {
            throw new IllegalStateException("this C library has no " + name);
        }
        return address;
    }

    /** Returns the address of {@code name}, or 0 when this C library does not have it. */
    public static long optionalLibc(String name) {
        return find(PROCESS, name);
    }

    /**
     * Returns the address of {@code name} in a library and those that it needs, or 0.
     *
     * @param library its {@code dlopen} handle
     * @param name up to 120 ASCII characters
     */
    public static synchronized long find(long library, String name) {
        if (dlsym == 0) {
            dlsym = Downcalls.dlsym();
        }
        put(name);
        return NativeFunction.callAt(dlsym, library, NAME);
    }

    /** Writes a name and at least one zero behind it, by words: this runs before anything is compiled. */
    private static void put(String name) {
        int length = name.length();
        for (int start = 0; start <= length; start += Long.BYTES) {
            long word = 0;
            for (int i = Math.min(start + Long.BYTES, length) - 1; i >= start; i--) {
                word = word << Byte.SIZE | name.charAt(i);
            }
            Memory.putLong(NAME + start, word);
        }
    }
}
