package dev.pyloop.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SocketAddress;
import dev.pyloop.libc.SocketCalls;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;
import dev.pyloop.reactor.epoll.EpollPoller;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over Unix sockets whose names the kernel chooses. */
class AcceptorTest {
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int FAMILY_ONLY = Short.BYTES;
    private static final int BACKLOG = 10;

    private final SocketCalls calls = new SocketCalls();
    private final NativeBuffer name = new NativeBuffer(SocketAddress.CAPACITY);
    private final World world = new World();
    private final EventLoop loop = new EventLoop(world, world, new EpollPoller());
    private final StreamIo io = new StreamIo(loop, world, new FlushList(1));
    private final int listener = socket();
    private final int[] clients = new int[3];
    private int arrivals;

    @BeforeEach
    void clientsWait() {
        Memory.putLong(name.address(), SocketAddress.AF_UNIX);
        assertEquals(0, libc("bind", listener, name.address(), FAMILY_ONLY));
        assertEquals(0, libc("listen", listener, BACKLOG, 0));
        assertEquals(0, calls.localAddress(listener, name.address()));
        int length = calls.addressSize();
        for (int i = 0; i < clients.length; i++) {
            clients[i] = socket();
            assertEquals(0, libc("connect", clients[i], name.address(), length));
        }
    }

    @AfterEach
    void everythingIsClosed() {
        for (int client : clients) {
            calls.close(client);
        }
        calls.close(listener);
        loop.close();
        name.close();
    }

    @Test
    void theConnectionThatNobodyHearsOfIsClosedAndTheOthersAreServedInTheirTurn() {
        try (Acceptor acceptor = new Acceptor(io, listener, BACKLOG)) {
            Runnable arrived = () -> {
                if (++arrivals == 2) {
                    throw new OutOfMemoryError("expected");
                }
            };
            assertThrows(OutOfMemoryError.class, () -> acceptor.accept(arrived));
            assertServes(acceptor, clients[0]);
            assertNull(acceptor.next());
            assertEquals(0, receive(clients[1]), "the end");
            assertEquals(0, acceptor.accept(arrived));
            assertServes(acceptor, clients[2]);
            assertNull(acceptor.next());
        }
    }

    private void assertServes(Acceptor acceptor, int client) {
        Acceptor.Connection connection = acceptor.next();
        assertNotNull(connection);
        assertEquals(-Errno.EAGAIN, receive(client));
        calls.close(connection.descriptor());
        assertEquals(0, receive(client));
    }

    private long receive(int descriptor) {
        try (NativeBuffer buffer = new NativeBuffer(1)) {
            return calls.receive(descriptor, buffer.address(), 1);
        }
    }

    private static int socket() {
        return libc("socket", SocketAddress.AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    }

    private static int libc(String function, long first, long second, long third) {
        return (int) NativeFunction.at(NativeSymbols.libc(function)).call(first, second, third);
    }
}
