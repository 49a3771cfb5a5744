package dev.pyloop.libc;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;

/**
 * {@code struct sockaddr_in} and {@code struct sockaddr_in6}, read and written in place, with their literals:
 *
 * <pre>
 *                IPv4        IPv6
 *   family       0           0          2 bytes, in the machine's order
 *   port         2           2          2 bytes, in the network's order
 *   flow                     4          4 bytes, in the network's order
 *   host         4           8
 *   scope                    24         4 bytes, in the machine's order
 *   size         16          28
 * </pre>
 *
 * <p>Literals are what {@code inet_pton} and {@code inet_ntop} make of them, as in Python. Stateless.
 */
public final class InternetAddress {
    /** Bytes that hold any literal and the zero at its end. */
    public static final int LITERAL_CAPACITY = 46;

    /** {@code AF_INET}. */
    public static final int IPV4 = 2;
    /** {@code AF_INET6}. */
    public static final int IPV6 = 10;

    /** Bytes of an IPv4 address. */
    public static final int IPV4_SIZE = 16;
    /** Bytes of an IPv6 address. */
    public static final int IPV6_SIZE = 28;

    private static final long PORT = 2;
    private static final long IPV4_HOST = 4;
    private static final long IPV6_FLOW = 4;
    private static final long IPV6_HOST = 8;
    private static final long IPV6_SCOPE = 24;

    private static final NativeFunction PTON = NativeFunction.at(NativeSymbols.libc("inet_pton"));
    private static final NativeFunction NTOP = NativeFunction.at(NativeSymbols.libc("inet_ntop"));

    private InternetAddress() {}

    /** Returns the family of the address at {@code address}, {@link #IPV4}, {@link #IPV6} or another. */
    public static int family(long address) {
        return Memory.getByte(address);
    }

    /** Returns the size of addresses of {@code family}; 0 of those that are none of the Internet's. */
    public static int size(int family) {
        return switch (family) {
            case IPV4 -> IPV4_SIZE;
            case IPV6 -> IPV6_SIZE;
            default -> 0;
        };
    }

    /**
     * Writes an address.
     *
     * @param literal the zero-terminated text of the host
     * @return false if the text is no literal of this family
     */
    public static boolean set(long address, int family, long literal, int port) {
        Memory.putLong(address, 0);
        Memory.putByte(address, (byte) family);
        Memory.putByte(address + PORT, (byte) (port >> Byte.SIZE));
        Memory.putByte(address + PORT + 1, (byte) port);
        if (family == IPV6) {
            Memory.putInt(address + IPV6_SCOPE, 0);
        } else {
            Memory.putLong(address + IPV4_SIZE - Long.BYTES, 0);
        }
        return (int) PTON.call(family, literal, address + host(family)) > 0;
    }

    /** Adds what only IPv6 addresses have. */
    public static void setFlowAndScope(long address, int flow, int scope) {
        Memory.putInt(address + IPV6_FLOW, Integer.reverseBytes(flow));
        Memory.putInt(address + IPV6_SCOPE, scope);
    }

    /** Writes the zero-terminated literal of the host to {@code literal}. */
    public static void format(long address, long literal) {
        int family = family(address);
        NTOP.call(family, address + host(family), literal, LITERAL_CAPACITY);
    }

    /** Returns the port. */
    public static int port(long address) {
        return Byte.toUnsignedInt(Memory.getByte(address + PORT)) << Byte.SIZE
                | Byte.toUnsignedInt(Memory.getByte(address + PORT + 1));
    }

    /** Returns the flow information of an IPv6 address. */
    public static long flow(long address) {
        return Integer.toUnsignedLong(Integer.reverseBytes(Memory.getInt(address + IPV6_FLOW)));
    }

    /** Returns the scope, an interface's number, of an IPv6 address. */
    public static long scope(long address) {
        return Integer.toUnsignedLong(Memory.getInt(address + IPV6_SCOPE));
    }

    private static long host(int family) {
        return family == IPV6 ? IPV6_HOST : IPV4_HOST;
    }
}
