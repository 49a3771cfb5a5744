package dev.pyloop.memory;

import dev.pyloop.hint.Inlined;

/**
 * A call that {@link Driven} code asks for, in the memory of whoever drives it:
 *
 * <pre>
 *   struct call_request { long function, arguments[4]; long state; };      48 bytes
 * </pre>
 *
 * <p>Empty while {@code function} is 0. {@code state} is the driven code's own, and 0 at the beginning. Stateless: requests
 * are known by their addresses.
 */
public final class CallRequest {
    /** Bytes of one. */
    static final long SIZE = 48;

    private static final long ARGUMENTS = 8;
    private static final long STATE = 40;

    private CallRequest() {}

    /** Asks for a call of {@code function}, which looks at as many arguments as it has parameters. */
    @Inlined
    public static void fill(long request, NativeFunction function, long a, long b, long c, long d) {
        Memory.putLong(request, function.address());
        Memory.putLong(request + ARGUMENTS, a);
        Memory.putLong(request + ARGUMENTS + 8, b);
        Memory.putLong(request + ARGUMENTS + 16, c);
        Memory.putLong(request + ARGUMENTS + 24, d);
    }

    /** Asks for nothing more. */
    @Inlined
    public static void clear(long request) {
        Memory.putLong(request, 0);
    }

    /** Returns what {@link #setState} stored last. */
    @Inlined
    public static long state(long request) {
        return Memory.getLong(request + STATE);
    }

    /** Stores a number for the next call of the driven code. */
    @Inlined
    public static void setState(long request, long state) {
        Memory.putLong(request + STATE, state);
    }

    @Inlined
    static boolean isEmpty(long request) {
        return Memory.getLong(request) == 0;
    }

    @Inlined
    static long call(long request) {
        return Downcalls.call(
                Memory.getLong(request),
                Memory.getLong(request + ARGUMENTS),
                Memory.getLong(request + ARGUMENTS + 8),
                Memory.getLong(request + ARGUMENTS + 16),
                Memory.getLong(request + ARGUMENTS + 24));
    }
}
