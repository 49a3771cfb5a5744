package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.reactor.EventCounter;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.epoll.EpollPoller;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventLoopTest {

    private final TaskTable tasks = new TaskTable();
    private final EventLoop loop = new EventLoop(tasks, tasks, new EpollPoller());
    private final List<String> trace = new ArrayList<>();
    private boolean closed;

    @AfterEach
    void everyHandleIsReleased() {
        if (!closed) {
            loop.close();
        }
        assertEquals(0, tasks.alive());
    }

    @Test
    void thePollerOfALoopThatCannotBeMadeStaysTheCallers() {
        CountingPoller poller = new CountingPoller();
        poller.refuseSelfPipe(Errno.EINVAL);
        assertThrows(SystemCallException.class, () -> new EventLoop(tasks, tasks, poller));
        assertFalse(poller.isClosed());
    }

    @Test
    void runsWhatIsQueuedInOrderAndWhatThatQueuesInTheNextIteration() {
        callSoon("a", () -> callSoon("c"));
        callSoon("b", () -> loop.setStopping(true));
        loop.run();
        assertEquals(List.of("a", "b"), trace);
        assertEquals(1, tasks.iterations());
        loop.run();
        assertEquals(List.of("a", "b", "c"), trace);
        assertEquals(2, tasks.iterations());
    }

    @Test
    void dueTimersRunBehindReadyCallbacksInOrderOfDeadlineThenOfAddition() {
        callAt(2, "late");
        callAt(1, "first of two");
        callAt(1, "second of two");
        callAt(9, "not due");
        callSoon("ready");
        tasks.advanceTo(3);
        loop.setStopping(true);
        loop.run();
        assertEquals(List.of("ready", "first of two", "second of two", "late"), trace);
        assertEquals(1, loop.timerCount());
    }

    @Test
    void aCallbackMayDropThoseBehindIt() {
        callSoon("first", loop::clear);
        callSoon("dropped");
        loop.setStopping(true);
        loop.run();
        assertEquals(List.of("first"), trace);
        assertEquals(0, loop.readyCount());
    }

    @Test
    void cancelledTimersNeitherRunNorStay() {
        for (int i = 0; i < 1000; i++) {
            long handle = callAt(1, "cancelled");
            tasks.cancel(handle);
            loop.timerSaidCancelled();
        }
        callAt(2, "not cancelled");
        loop.setStopping(true);
        loop.run();
        assertEquals(1, loop.timerCount());
        tasks.advanceTo(2);
        loop.run();
        assertEquals(List.of("not cancelled"), trace);
        assertEquals(0, loop.timerCount());
    }

    @Test
    void aTimerThatIsCancelledAtOnceLeavesAtOnce() {
        callAt(5, "late");
        for (int i = 0; i < 10; i++) {
            long handle = callAt(6, "cancelled");
            tasks.cancel(handle);
            loop.timerCancelled(handle);
            assertEquals(1, loop.timerCount());
        }
        assertEquals(2, tasks.alive(), "the last one is released with the next turn");
        loop.setStopping(true);
        loop.run();
        assertEquals(1, tasks.alive());
        assertEquals(1, loop.timerCount());
    }

    @Test
    void halfOfTheTimersBeingCancelledTheNextTurnDropsThem() {
        List<Long> handles = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            handles.add(callAt(5, "timer " + i));
        }
        for (int i = 0; i < 101; i++) {
            tasks.cancel(handles.get(i));
            loop.timerCancelled(handles.get(i));
        }
        assertEquals(200, loop.timerCount());
        loop.setStopping(true);
        loop.run();
        assertEquals(99, loop.timerCount());
    }

    @Test
    void anExceptionLeavesTheRestQueued() {
        callSoon("fails", () -> {
            throw new IllegalStateException("expected");
        });
        callSoon("rest");
        loop.setStopping(true);
        assertThrows(IllegalStateException.class, loop::run);
        assertEquals(List.of("fails"), trace);
        loop.run();
        assertEquals(List.of("fails", "rest"), trace);
    }

    @Test
    void anotherThreadEndsTheSleep() throws InterruptedException {
        tasks.whenSlept(() -> loop.setStopping(true));
        CountDownLatch woken = new CountDownLatch(1);
        Thread waker = Thread.ofPlatform().start(() -> {
            while (woken.getCount() != 0) {
                loop.readiness().wake();
            }
        });
        loop.run();
        woken.countDown();
        waker.join();
        assertEquals(1, tasks.iterations());
    }

    @Test
    void aReadableDescriptorRunsItsReaderInEveryIterationUntilUnwatched() {
        SystemCalls calls = new SystemCalls();
        int descriptor = EventCounter.open(1);
        assertEquals(0, loop.readiness().watch(descriptor, Interest.READ, tasks.create(() -> trace.add("readable"))));
        loop.runOnce();
        loop.runOnce();
        assertEquals(List.of("readable", "readable"), trace);

        assertTrue(loop.readiness().unwatch(descriptor, Interest.READ));
        assertFalse(loop.readiness().unwatch(descriptor, Interest.READ));
        callSoon("after");
        loop.runOnce();
        assertEquals(List.of("readable", "readable", "after"), trace);
        assertEquals(0, calls.close(descriptor));
    }

    @Test
    void aWatchForOnceRunsOnceEachTimeItIsMade() {
        SystemCalls calls = new SystemCalls();
        int descriptor = EventCounter.open(1);
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    0,
                    loop.readiness().watchOnce(descriptor, Interest.READ, tasks.create(() -> trace.add("readable"))));
            loop.runOnce();
            assertFalse(loop.readiness().unwatch(descriptor, Interest.READ));
            callSoon("after");
            loop.runOnce();
        }
        assertEquals(List.of("readable", "after", "readable", "after", "readable", "after"), trace);
        assertEquals(0, calls.close(descriptor));
    }

    @Test
    void aWatchForOnceLeavesTheOtherDirectionWatched() {
        SystemCalls calls = new SystemCalls();
        int descriptor = EventCounter.open(1);
        assertEquals(
                0, loop.readiness().watchOnce(descriptor, Interest.READ, tasks.create(() -> trace.add("readable"))));
        assertEquals(0, loop.readiness().watch(descriptor, Interest.WRITE, tasks.create(() -> trace.add("writable"))));
        loop.runOnce();
        loop.runOnce();
        assertEquals(List.of("readable", "writable", "writable"), trace);

        assertEquals(
                0, loop.readiness().watchOnce(descriptor, Interest.READ, tasks.create(() -> trace.add("readable"))));
        assertTrue(loop.readiness().unwatch(descriptor, Interest.WRITE));
        loop.runOnce();
        callSoon("after");
        loop.runOnce();
        assertEquals(List.of("readable", "writable", "writable", "readable", "after"), trace);
        assertEquals(0, calls.close(descriptor));
    }

    @Test
    void aDescriptorNumberThatIsReusedIsWatchedAnew() {
        SystemCalls calls = new SystemCalls();
        int descriptor = EventCounter.open(0);
        assertEquals(0, loop.readiness().watch(descriptor, Interest.READ, tasks.create(() -> trace.add("old"))));
        assertEquals(0, calls.close(descriptor));
        int reused = EventCounter.open(1);
        assertEquals(descriptor, reused);

        assertEquals(0, loop.readiness().watch(reused, Interest.READ, tasks.create(() -> trace.add("new"))));
        loop.runOnce();
        assertEquals(List.of("new"), trace);
        assertEquals(0, calls.close(reused));
    }

    @Test
    void closingReleasesWhatNeverRan() {
        callSoon("never");
        callAt(5, "never");
        loop.close();
        closed = true;
        assertEquals(List.of(), trace);
    }

    @Test
    void everyHandleIsShown() {
        List<Long> expected = List.of(callSoon("ready"), callAt(5, "timer"));
        List<Long> shown = new ArrayList<>();
        loop.forEachHandle(shown::add);
        assertEquals(expected, shown);
    }

    private long callSoon(String name) {
        return callSoon(name, () -> {});
    }

    private long callSoon(String name, Runnable action) {
        long handle = tasks.create(() -> {
            trace.add(name);
            action.run();
        });
        loop.callSoon(handle);
        return handle;
    }

    private long callAt(double deadline, String name) {
        long handle = tasks.create(() -> trace.add(name));
        loop.callAt(deadline, handle);
        return handle;
    }
}
