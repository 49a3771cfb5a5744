package dev.pyloop.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the loop relies on, whatever the back end. A back end's test derives from this and makes its poller. */
@Timeout(60)
public abstract class PollerContract {
    private static final int FOR_EVER = -1;
    private static final int NONBLOCKING = 0x800;
    private static final int MORE_THAN_THE_FIRST_ROOM = 100;

    private final SystemCalls calls = new SystemCalls();
    private final Set<Integer> open = new HashSet<>();
    private Poller poller;
    private int watched;

    /** Makes the poller under test, which this closes. */
    protected abstract Poller make();

    @BeforeEach
    void makePoller() {
        poller = make();
    }

    @AfterEach
    void closeAll() {
        poller.close();
        open.forEach(calls::close);
    }

    @Test
    void aReadyDescriptorIsReportedAsLongAsItIsReady() {
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        assertEquals(List.of("ready for 1"), poll(pipe[0]));
        assertEquals(List.of("ready for 1"), poll(pipe[0]));
        read(pipe[0]);
        assertEquals(List.of(), poll(pipe[0]));
    }

    @Test
    void onlyWhatItIsWatchedForIsReported() {
        int counter = EventCounter.open(1);
        open.add(counter);
        assertEquals(0, add(counter, Interest.READ | Interest.WRITE));
        assertEquals(List.of("ready for 3"), poll(counter));
        assertEquals(0, poller.modify(counter, Interest.WRITE));
        assertEquals(List.of("ready for 2"), poll(counter));
        poller.remove(counter);
        assertEquals(List.of(), poll(counter));
    }

    @Test
    void aHangUpIsForBoth() {
        int[] pipe = pipe();
        close(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        assertEquals(List.of("ready for 3"), poll(pipe[0]));
    }

    @Test
    void aWatchForOnceSaysNothingAfterItsReport() {
        int[] pipe = pipe();
        write(pipe[1]);
        for (int i = 0; i < 3; i++) {
            assertEquals(0, poller.addOnce(pipe[0], Interest.READ));
            assertEquals(List.of("ready for 1"), poll(pipe[0]));
            poller.endOnce(pipe[0]);
            assertEquals(List.of(), poll(pipe[0]));
        }
        close(pipe[1]);
        assertEquals(List.of(), poll(pipe[0]), "not even a hang-up");
    }

    @Test
    void aWatchForOnceMayBecomeOneForGood() {
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, poller.addOnce(pipe[0], Interest.READ));
        assertEquals(0, poller.modify(pipe[0], Interest.READ));
        assertEquals(List.of("ready for 1"), poll(pipe[0]));
        assertEquals(List.of("ready for 1"), poll(pipe[0]));
        poller.endOnce(pipe[0]);
        assertEquals(List.of(), poll(pipe[0]));
    }

    @Test
    void aNumberThatNamesAnotherFileByNowIsWatchedAnew() {
        int[] old = pipe();
        assertEquals(0, add(old[0], Interest.READ));
        int number = old[0];
        int[] other = pipe();
        write(other[1]);
        // Closes the old file: nobody has told the poller.
        assertEquals(number, calls.dup3(other[0], number, 0));
        assertEquals(List.of(), poll(number));
        assertEquals(0, poller.modify(number, Interest.READ));
        assertEquals(List.of("ready for 1"), poll(number));
    }

    @Test
    void aWatchForOnceOfANumberThatNamesAnotherFileIsMadeAnew() {
        int[] old = pipe();
        write(old[1]);
        assertEquals(0, poller.addOnce(old[0], Interest.READ));
        assertEquals(List.of("ready for 1"), poll(old[0]));
        poller.endOnce(old[0]);
        int[] other = pipe();
        write(other[1]);
        assertEquals(old[0], calls.dup3(other[0], old[0], 0));
        assertEquals(List.of(), poll(old[0]));
        assertEquals(0, poller.addOnce(old[0], Interest.READ));
        assertEquals(List.of("ready for 1"), poll(old[0]));
    }

    @Test
    void anEntryThatADuplicateKeepsIsTakenOver() {
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        int duplicate = duplicate(pipe[0]);
        close(pipe[0]);
        // The file lives, under another number.
        int again = calls.dup3(duplicate, pipe[0], 0);
        open.add(again);
        assertEquals(pipe[0], again);
        assertEquals(0, poller.add(again, Interest.READ));
        assertEquals(List.of("ready for 1"), poll(again));
    }

    @Test
    void whatIsNotWatchedAnyMoreIsNotReportedForADuplicate() {
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        open.add(duplicate(pipe[0]));
        poller.remove(pipe[0]);
        close(pipe[0]);
        assertEquals(List.of(), poll(pipe[0]));
    }

    @Test
    void toStopWatchingWhatIsClosedIsNoError() {
        int[] pipe = pipe();
        assertEquals(0, add(pipe[0], Interest.READ));
        close(pipe[0]);
        poller.remove(pipe[0]);
        assertEquals(List.of(), poll(pipe[0]));
    }

    @Test
    void whatCannotBeWatchedIsRefused(@TempDir Path folder) throws IOException {
        int[] pipe = pipe();
        close(pipe[0]);
        assertEquals(-Errno.EBADF, poller.add(pipe[0], Interest.READ));
        Path file = Files.createFile(folder.resolve("file"));
        int descriptor = EventCounter.openFile(file);
        open.add(descriptor);
        assertEquals(-Errno.EPERM, poller.add(descriptor, Interest.READ));
        assertEquals(-Errno.EPERM, poller.addOnce(descriptor, Interest.READ));
    }

    @Test
    void allThatAreReadyAreReportedByOnePoll() {
        List<Integer> ready = new ArrayList<>();
        for (int i = 0; i < MORE_THAN_THE_FIRST_ROOM; i++) {
            int counter = EventCounter.open(1);
            open.add(counter);
            ready.add(counter);
            assertEquals(0, add(counter, Interest.READ));
        }
        Found found = new Found();
        poller.report(poller.poll(watched), found);
        assertEquals(ready, found.descriptors.stream().sorted().toList());
    }

    @Test
    void aSleepDoesNotEndBeforeItsTime() {
        long begin = System.nanoTime();
        assertEquals(0, poller.sleep(1_500_000, watched, NativeLock.NONE));
        assertTrue(System.nanoTime() - begin >= 1_500_000);
    }

    @Test
    void aSleepEndsWhenSomethingIsReady() {
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        assertEquals(1, poller.sleep(FOR_EVER, watched, NativeLock.NONE));
    }

    @Test
    void whoWakesIsHeardOnce() {
        int[] own = selfPipe();
        poller.wake();
        poller.wake();
        Found found = new Found();
        poller.report(poller.sleep(FOR_EVER, watched, NativeLock.NONE), found);
        assertEquals(List.of("woken"), found.trace);
        assertEquals(List.of(), poll(own[0]));
    }

    @Test
    void anotherThreadMayWake() throws InterruptedException {
        selfPipe();
        CountDownLatch slept = new CountDownLatch(1);
        Thread waker = Thread.ofPlatform().start(() -> {
            while (slept.getCount() != 0) {
                poller.wake();
            }
        });
        assertEquals(1, poller.sleep(FOR_EVER, watched, NativeLock.NONE));
        slept.countDown();
        waker.join();
    }

    @Test
    void theSelfPipeIsNoDescriptorOfTheProgram() {
        int[] own = selfPipe();
        write(own[1]);
        assertEquals(List.of("signalled"), poll(own[0]));
        assertEquals(List.of("signalled"), poll(own[0]));
        read(own[0]);
        assertEquals(List.of(), poll(own[0]));
    }

    @Test
    void afterAForkNothingIsWatchedAndAllCanBeAgain() {
        int[] own = selfPipe();
        int[] pipe = pipe();
        write(pipe[1]);
        assertEquals(0, add(pipe[0], Interest.READ));
        assertEquals(0, poller.afterFork());
        assertEquals(List.of(), poll(pipe[0]));
        assertEquals(0, poller.add(pipe[0], Interest.READ));
        assertEquals(0, poller.useSelfPipe(own[0], own[1]));
        assertEquals(List.of("ready for 1"), poll(pipe[0]));
        poller.wake();
        assertTrue(poll(pipe[0]).contains("woken"));
    }

    @Test
    void whoWakesAClosedPollerDoesNothing() {
        int[] own = selfPipe();
        Poller closed = poller;
        closed.close();
        closed.wake();
        poller = make();
        assertEquals(List.of(), poll(own[0]));
    }

    @Test
    void everyRequestHasAName() {
        for (Poller.Request request : Poller.Request.values()) {
            assertFalse(poller.systemCall(request).isBlank());
        }
    }

    private int add(int descriptor, int interest) {
        watched++;
        return poller.add(descriptor, interest);
    }

    /** Returns what a poll reports, and that of no other descriptor. */
    private List<String> poll(int descriptor) {
        Found found = new Found();
        poller.report(poller.poll(watched), found);
        found.descriptors.forEach(reported -> assertEquals(descriptor, reported));
        return found.trace;
    }

    private int[] selfPipe() {
        int[] pipe = pipe();
        assertEquals(0, poller.useSelfPipe(pipe[0], pipe[1]));
        return pipe;
    }

    private int[] pipe() {
        try (NativeBuffer ends = new NativeBuffer(2 * Integer.BYTES)) {
            assertEquals(0, calls.pipe2(ends.address(), NONBLOCKING));
            int[] pipe = {Memory.getInt(ends.address()), Memory.getInt(ends.address() + Integer.BYTES)};
            open.add(pipe[0]);
            open.add(pipe[1]);
            return pipe;
        }
    }

    private int duplicate(int descriptor) {
        int[] spare = pipe();
        close(spare[1]);
        return calls.dup3(descriptor, spare[0], 0);
    }

    private void close(int descriptor) {
        open.remove(descriptor);
        assertEquals(0, calls.close(descriptor));
    }

    private static void write(int descriptor) {
        EventCounter.transfer("write", descriptor);
    }

    private static void read(int descriptor) {
        EventCounter.transfer("read", descriptor);
    }

    private static final class Found implements Poller.Events {
        private final List<String> trace = new ArrayList<>();
        private final List<Integer> descriptors = new ArrayList<>();

        @Override
        public void ready(int descriptor, int readiness) {
            descriptors.add(descriptor);
            trace.add("ready for " + readiness);
        }

        @Override
        public void completed(long handle) {
            trace.add("completed " + handle);
        }

        @Override
        public void signalled() {
            trace.add("signalled");
        }

        @Override
        public void woken() {
            trace.add("woken");
        }
    }
}
