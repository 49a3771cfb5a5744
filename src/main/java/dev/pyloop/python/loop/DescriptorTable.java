package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import java.util.Arrays;

/**
 * Which transport a descriptor belongs to, so that the program cannot watch it as well.
 *
 * <p>Borrows the transports: each takes itself out before it closes its descriptor. Guarded by the GIL.
 */
public final class DescriptorTable {
    private static final int INITIAL_CAPACITY = 64;

    private long[] transports = new long[INITIAL_CAPACITY];

    /** Returns the transport of {@code descriptor}, or NULL. */
    @Borrowed
    long get(long descriptor) {
        return descriptor >= 0 && descriptor < transports.length ? transports[(int) descriptor] : Objects.NULL;
    }

    public void put(int descriptor, @Borrowed long transport) {
        if (descriptor >= transports.length) {
            transports = Arrays.copyOf(transports, Math.max(descriptor + 1, transports.length * 2));
        }
        transports[descriptor] = transport;
    }

    /** Forgets the transport, unless the descriptor belongs to another by now. */
    public void remove(int descriptor, @Borrowed long transport) {
        if (get(descriptor) == transport) {
            transports[descriptor] = Objects.NULL;
        }
    }
}
