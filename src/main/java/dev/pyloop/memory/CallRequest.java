package dev.pyloop.memory;

import dev.pyloop.hint.Inlined;

/**
 * A call that {@link Driven} code asks for, in the memory of its driver:
 *
 * <pre>
 *   struct call_request { long function, arguments[5], parameters[4], state; };      88 bytes
 * </pre>
 *
 * <p>Empty while {@code function} is 0. {@code parameters} are those of the driven function, which stay as they are. {@code
 * state} is the driven code's own, and 0 at the beginning. Stateless: requests are known by their addresses.
 */
public final class CallRequest {
    /** Bytes of one. */
    static final long SIZE = 88;

    private static final long ARGUMENTS = 8;
    private static final long PARAMETERS = 48;
    /** Where the state is, a {@code long}. */
    public static final long STATE = 80;

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

    /** Asks for a call with five arguments. */
    @Inlined
    public static void fill(long request, NativeFunction function, long a, long b, long c, long d, long e) {
        fill(request, function, a, b, c, d);
        Memory.putLong(request + ARGUMENTS + 32, e);
    }

    /** Asks for nothing more. */
    @Inlined
    public static void clear(long request) {
        Memory.putLong(request, 0);
    }

    /** Returns argument {@code index} of the call that was asked for last. */
    public static long argument(long request, int index) {
        return Memory.getLong(request + ARGUMENTS + (long) index * Long.BYTES);
    }

    /** Returns parameter {@code index} of the driven function. */
    @Inlined
    public static long parameter(long request, int index) {
        return Memory.getLong(request + PARAMETERS + (long) index * Long.BYTES);
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

    /** Makes an empty request of memory that may hold anything, for a function that is called with these parameters. */
    static void open(long request, long a, long b, long c, long d) {
        clear(request);
        Memory.putLong(request + PARAMETERS, a);
        Memory.putLong(request + PARAMETERS + 8, b);
        Memory.putLong(request + PARAMETERS + 16, c);
        Memory.putLong(request + PARAMETERS + 24, d);
        setState(request, 0);
    }

    @Inlined
    static boolean isEmpty(long request) {
        return Memory.getLong(request) == 0;
    }

    @Inlined
    static long call(long request) {
        return Downcalls.call(
                Memory.getLong(request),
                argument(request, 0),
                argument(request, 1),
                argument(request, 2),
                argument(request, 3),
                argument(request, 4));
    }
}
