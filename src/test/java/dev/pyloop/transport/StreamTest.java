package dev.pyloop.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.loop.EventLoop;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.epoll.EpollPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamTest {
    private static final int EPIPE = 32;
    private static final long READ_HANDLE = 1;
    private static final long WRITE_HANDLE = 2;
    private static final long SURROUNDINGS = 3;

    private final PacketPair pair = new PacketPair();
    private final List<NativeBuffer> chunks = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final FlushList flushList = new FlushList(2);
    private final World world = new World();
    private final EventLoop loop = new EventLoop(world, world, new EpollPoller());
    private final StreamIo io = new StreamIo(loop, world, flushList);
    private final Stream stream = new Stream(io, io.calls(), pair.descriptor(), new Owner());
    private int chunksAlive;
    private int ownerReferences;
    private boolean knownToClose;
    private boolean surroundingsFail;

    @BeforeEach
    void inACallback() {
        io.setRunner(Thread.currentThread());
    }

    @AfterEach
    void everyChunkWasGivenBack() {
        stream.dispose();
        flushList.flush();
        assertEquals(0, chunksAlive);
        assertEquals(0, ownerReferences);
        assertTrue(knownToClose);
        loop.close();
        pair.close();
        chunks.forEach(NativeBuffer::close);
    }

    @Test
    void writesOfOneIterationLeaveTogetherWhenItEnds() {
        write("a");
        write("b");
        write("c");
        flushList.flushIfMany();
        assertNull(pair.receive());
        flushList.flush();
        assertEquals("abc", pair.receive());
        assertNull(pair.receive());
        assertTrue(flushList.isEmpty());
    }

    @Test
    void whereManyStreamsWaitTheyWaitNoLonger() {
        Stream other = new Stream(io, io.calls(), pair.descriptor(), new Owner());
        write("a");
        write(other, "b");
        assertNull(pair.receive());
        flushList.flushIfMany();
        assertEquals("a", pair.receive());
        assertEquals("b", pair.receive());
        other.dispose();
    }

    @Test
    void whoCannotPutAWriteOffSendsItWithTheNext() {
        surroundingsFail = true;
        assertThrows(OutOfMemoryError.class, () -> write("a"));
        assertTrue(flushList.isEmpty());
        surroundingsFail = false;
        write("b");
        flushList.flush();
        assertEquals("ab", pair.receive());
    }

    @Test
    void outsideACallbackNothingIsPutOff() {
        io.setRunner(null);
        write("a");
        assertEquals("a", pair.receive());
    }

    @Test
    void muchIsNotPutOffEither() {
        write("a");
        write("b".repeat(40_000));
        assertEquals("a" + "b".repeat(40_000), pair.receive());
    }

    @Test
    void moreChunksThanOneCallTakesArriveInOrder() {
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 3 * StreamIo.VECTOR_LENGTH; i++) {
            write(Integer.toString(i % 10));
            expected.append(i % 10);
        }
        flushList.flush();
        StringBuilder received = new StringBuilder();
        for (String packet = pair.receive(); packet != null; packet = pair.receive()) {
            received.append(packet);
        }
        assertEquals(expected.toString(), received.toString());
    }

    @Test
    void whatTheSocketHasNoRoomForWaitsForIt() {
        fill();
        assertEquals(WRITE_HANDLE, loop.readiness().watcher(pair.descriptor(), Interest.WRITE));
        assertTrue(events.contains("blocked"));
        while (stream.pendingSize() > 0) {
            for (String packet = pair.receive(); packet != null; packet = pair.receive()) {}
            stream.writable();
        }
        assertEquals("drained", events.getLast());
        assertEquals(0, loop.readiness().watcher(pair.descriptor(), Interest.WRITE));
    }

    @Test
    void theOwnerIsPausedOnceAboveTheHighMarkAndResumedAtTheLow() {
        fill();
        assertEquals(1, count("pause"));
        assertTrue(stream.isWritingPaused());
        while (stream.isWritingPaused()) {
            assertEquals(0, count("resume"));
            for (String packet = pair.receive(); packet != null; packet = pair.receive()) {}
            stream.writable();
        }
        assertEquals(1, count("resume"));
    }

    @Test
    void closingSendsWhatWaitsAndEndsInTheNextIteration() {
        write("last words");
        stream.close();
        stream.close();
        assertEquals("last words", pair.receive());
        assertEquals(List.of("lost soon"), events);
        assertTrue(stream.isClosing() && stream.isLost());
    }

    @Test
    void closingWaitsForRoom() {
        fill();
        stream.close();
        assertEquals(0, count("lost soon"));
        while (count("lost") == 0) {
            for (String packet = pair.receive(); packet != null; packet = pair.receive()) {}
            stream.writable();
        }
        assertEquals("lost", events.getLast());
    }

    @Test
    void abortingDropsWhatTheSocketHasNoRoomFor() {
        fill();
        assertTrue(stream.abort());
        assertFalse(stream.abort());
        assertEquals(0, chunksAlive);
        assertEquals("lost soon", events.getLast());
    }

    @Test
    void anEndOfFileFollowsWhatWasWritten() {
        write("x");
        stream.writeEof();
        assertEquals("x", pair.receive());
        assertEquals("", pair.receive());
        assertTrue(stream.isEof());
    }

    @Test
    void aFailureDropsEverythingAndTellsHowManyWritesItWasTooLateFor() {
        pair.closePeer();
        write("a");
        write("b");
        write("c");
        flushList.flush();
        assertEquals(List.of("failed " + EPIPE + ", 2 lost"), events);
        assertEquals(0, chunksAlive);
    }

    @Test
    void readingIsWatchedForOnlyWhileItIsWanted() {
        stream.startReading();
        assertNotEquals(0, loop.readiness().watcher(pair.descriptor(), Interest.READ));
        assertFalse(stream.isReadable(), "what was found before reading began does not count");
        stream.stopReading();
        assertEquals(0, loop.readiness().watcher(pair.descriptor(), Interest.READ));
    }

    private void write(String text) {
        write(stream, text);
    }

    private void write(Stream stream, String text) {
        NativeBuffer chunk = NativeBuffer.of(text);
        chunks.add(chunk);
        chunksAlive++;
        stream.write(chunk.address(), text.length(), chunks.size());
    }

    private void fill() {
        String packet = "f".repeat(40_000);
        while (stream.pendingSize() <= 4 * 40_000) {
            write(packet);
        }
    }

    private long count(String event) {
        return events.stream().filter(event::equals).count();
    }

    private final class Owner implements StreamOwner {
        @Override
        public void releaseChunk(long token) {
            chunksAlive--;
        }

        @Override
        public int openDescriptor() {
            return pair.descriptor();
        }

        @Override
        public long readHandle() {
            return READ_HANDLE;
        }

        @Override
        public long writeHandle() {
            return WRITE_HANDLE;
        }

        @Override
        public void putOff() {
            if (surroundingsFail) {
                throw new OutOfMemoryError("expected");
            }
            ownerReferences++;
        }

        @Override
        public long beginFlush() {
            return SURROUNDINGS;
        }

        @Override
        public void endFlush(long surroundings) {
            assertEquals(SURROUNDINGS, surroundings);
            ownerReferences--;
        }

        @Override
        public void closing() {
            knownToClose = true;
        }

        @Override
        public void pauseWriting() {
            events.add("pause");
        }

        @Override
        public void resumeWriting() {
            events.add("resume");
            stream.resumed();
        }

        @Override
        public void writingBlocked() {
            events.add("blocked");
        }

        @Override
        public void writeFailed(int errno, int lostChunks) {
            events.add("failed " + errno + ", " + lostChunks + " lost");
        }

        @Override
        public void drained() {
            events.add("drained");
        }

        @Override
        public void connectionLost() {
            events.add("lost");
        }

        @Override
        public void connectionLostSoon() {
            events.add("lost soon");
        }
    }
}
