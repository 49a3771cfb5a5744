package dev.pyloop.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.libc.Errno;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.reactor.epoll.EpollPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over sockets of packets, which datagrams are too. */
class DatagramSocketTest {
    private static final long READ_HANDLE = 1;
    private static final long DESTINATION = -1;
    private static final long NO_NAME = 0;

    private final PacketPair pair = new PacketPair();
    private final List<NativeBuffer> chunks = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final FlushList flushList = new FlushList(1);
    private final World world = new World();
    private final EventLoop loop = new EventLoop(world, world, new EpollPoller());
    private final StreamIo shared = new StreamIo(loop, world, flushList);
    private final DatagramIo io = new DatagramIo(shared, flushList);
    private final DatagramSocket socket =
            new DatagramSocket(io, pair.descriptor(), new Owner(), READ_HANDLE, 64 * 1024);
    private int tokensAlive;
    private int ownerReferences;
    private boolean descriptorClosed;

    @BeforeEach
    void inACallback() {
        shared.setRunner(Thread.currentThread());
    }

    @AfterEach
    void everyTokenWasGivenBack() {
        flushList.flush();
        assertEquals(0, tokensAlive);
        assertEquals(0, ownerReferences);
        io.close();
        loop.close();
        pair.close();
        chunks.forEach(NativeBuffer::close);
    }

    @Test
    void theFirstOfACallbackLeavesAtOnceAndTheOthersWhenItReturns() {
        send("a");
        assertEquals("a", pair.receive());
        send("b");
        send("c");
        assertNull(pair.receive());
        flushList.flush();
        assertEquals("b", pair.receive());
        assertEquals("c", pair.receive());
        send("d");
        assertEquals("d", pair.receive());
    }

    @Test
    void outsideACallbackNothingIsPutOff() {
        shared.setRunner(null);
        send("a");
        send("b");
        assertEquals("a", pair.receive());
        assertEquals("b", pair.receive());
        assertTrue(flushList.isEmpty());
    }

    @Test
    void aFullBurstDoesNotWaitForTheEnd() {
        for (int i = 0; i <= DatagramIo.MAX_BURST; i++) {
            send("x");
        }
        for (int i = 0; i <= DatagramIo.MAX_BURST; i++) {
            assertEquals("x", pair.receive());
        }
    }

    @Test
    void whatTheSystemDoesNotTakeIsTheOwners() {
        send("a");
        send("b");
        send("c");
        descriptorClosed = true;
        flushList.flush();
        assertEquals(List.of("failed " + Errno.EBADF, "now c"), events);
    }

    @Test
    void aFailureAtOnceIsTheCallers() {
        descriptorClosed = true;
        tokensAlive += 2;
        assertEquals(-Errno.EBADF, socket.send(0, 0, NO_NAME, 0, 0, DESTINATION));
        tokensAlive -= 2;
    }

    private void send(String text) {
        NativeBuffer chunk = NativeBuffer.of(text);
        chunks.add(chunk);
        tokensAlive += 2;
        assertEquals(0, socket.send(chunk.address(), text.length(), NO_NAME, 0, chunks.size() - 1, DESTINATION));
    }

    private final class Owner implements DatagramOwner {
        @Override
        public int openDescriptor() {
            return descriptorClosed ? -1 : pair.descriptor();
        }

        @Override
        public void releaseChunk(long token) {
            tokensAlive--;
        }

        @Override
        public void retain() {
            ownerReferences++;
        }

        @Override
        public void release() {
            ownerReferences--;
        }

        @Override
        public void sendFailed(int errno) {
            events.add("failed " + errno);
        }

        @Override
        public void sendNow(long token, long destination) {
            events.add("now " + (char) Memory.getByte(chunks.get((int) token).address()));
        }
    }
}
