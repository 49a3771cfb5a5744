package dev.pyloop.libc;

/**
 * The address of a socket as the kernel writes it:
 *
 * <pre>
 *   struct sockaddr_in  { sa_family_t sin_family; in_port_t sin_port; struct in_addr sin_addr; … };
 *   struct sockaddr_in6 { sa_family_t sin6_family; in_port_t sin6_port; uint32_t sin6_flowinfo; struct in6_addr sin6_addr; … };
 *   struct sockaddr_un  { sa_family_t sun_family; char sun_path[108]; };
 * </pre>
 */
public final class SocketAddress {
    /** {@code AF_UNIX}. */
    public static final int AF_UNIX = 1;
    /** {@code AF_INET}. */
    private static final int AF_INET = 2;
    /** {@code AF_INET6}. */
    private static final int AF_INET6 = 10;

    /** Bytes that hold any address. */
    public static final int CAPACITY = 128;

    private static final int SIN_ADDR = 4;
    private static final int IN_ADDR_SIZE = 4;
    private static final int SIN6_ADDR = 8;
    private static final int IN6_ADDR_SIZE = 16;

    private SocketAddress() {}

    /** Tells whether an address is a path of the file system, or an abstract one. */
    public static boolean isUnix(byte[] address) {
        return family(address) == AF_UNIX;
    }

    /** Tells whether what listens at an address is reached at that address only. */
    public static boolean isOneOnly(byte[] address) {
        return switch (family(address)) {
            case AF_UNIX -> true;
            case AF_INET -> !isZero(address, SIN_ADDR, IN_ADDR_SIZE);
            case AF_INET6 -> !isZero(address, SIN6_ADDR, IN6_ADDR_SIZE);
            default -> false;
        };
    }

    /** The family is in the machine's byte order; those that matter fit in a byte, and all machines are little-endian. */
    private static int family(byte[] address) {
        return address.length < Short.BYTES ? 0 : address[0];
    }

    private static boolean isZero(byte[] address, int start, int length) {
        for (int i = start; i < start + length && i < address.length; i++) {
            if (address[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
