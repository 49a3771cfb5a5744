package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.memory.Memory;

/**
 * Where a Python socket keeps its descriptor.
 *
 * <pre>
 *   struct PySocketSockObject { PyObject_HEAD; SOCKET_T sock_fd; … };      sock_fd at 16, -1 once closed or detached
 * </pre>
 */
public final class SocketLayout {
    private static final @Borrowed long TYPE = Imports.attribute("_socket", "socket");
    private static final long SOCK_FD = Objects.HEADER_SIZE;
    private static final int CLOSED = -1;

    private SocketLayout() {}

    /** Tells whether {@code object} is a socket that is laid out so and has {@code descriptor}, or had it. */
    public static boolean isSocketOf(@Borrowed long object, int descriptor) {
        if (!Objects.isInstance(object, TYPE)) {
            return false;
        }
        int current = descriptor(object);
        return current == descriptor || current == CLOSED;
    }

    /** Returns the descriptor of what {@link #isSocketOf} says is a socket. */
    public static int descriptor(@Borrowed long socket) {
        return Memory.getInt(socket + SOCK_FD);
    }
}
