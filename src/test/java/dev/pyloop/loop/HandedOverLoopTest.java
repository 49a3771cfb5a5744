package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.queue.LongQueue;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.epoll.EpollPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HandedOverLoopTest {
    private static final long FOR_EVER = -1;

    private final TaskTable tasks = new TaskTable();
    private final EventLoop loop = new EventLoop(tasks, tasks, new EpollPoller());
    private final List<String> trace = new ArrayList<>();

    @AfterEach
    void everyHandleIsReleased() {
        loop.close();
        assertEquals(0, tasks.alive());
    }

    @Test
    void givesWhatIsReadyInOrderAndTimersTheNextOneFirst() {
        long first = soon("first");
        long second = soon("second");
        long late = at(2);
        long early = at(1);
        assertEquals(List.of(first, second), shown());
        assertEquals(List.of(first, second), taken());
        assertEquals(early, loop.takeTimer());
        assertEquals(late, loop.takeTimer());
        assertEquals(LongQueue.NONE, loop.takeTimer());
        for (long handle : List.of(first, second, late, early)) {
            tasks.release(handle);
        }
    }

    @Test
    void whatIsGivenBackRunsBeforeWhatWasQueuedSince() {
        LongQueue taken = new LongQueue();
        for (int i = 0; i < 500; i++) {
            soon("taken " + i);
        }
        loop.takeReady(taken);
        soon("queued since");
        loop.callFirst(taken);
        assertTrue(taken.isEmpty());
        loop.setStopping(true);
        loop.run();
        assertEquals(501, trace.size());
        assertEquals("taken 0", trace.getFirst());
        assertEquals("queued since", trace.getLast());
    }

    @Test
    void theNextTimerStaysTheLoopsUntilItIsTaken() {
        assertEquals(LongQueue.NONE, loop.nextTimer());
        at(2);
        long early = at(1);
        assertEquals(early, loop.nextTimer());
        assertEquals(early, loop.takeTimer());
        tasks.release(early);
    }

    @Test
    void theRunEndsWithTheCallbackThatRuns() {
        loop.callSoon(tasks.create(() -> {
            trace.add("hands over");
            taken().forEach(tasks::release);
            loop.setHandedOver(true);
        }));
        soon("not any more");
        loop.run();
        assertEquals(List.of("hands over"), trace);
    }

    @Test
    void whoWakesTheLoopIsHeardByTheNextPoll() {
        loop.setHandedOver(true);
        select(0);
        long handle = watchSelfPipe();
        assertEquals(List.of(), select(0));
        loop.readiness().wake();
        assertEquals(List.of(handle), select(FOR_EVER));
        assertEquals(List.of(), select(0));
    }

    @Test
    void tellsWhatIsReadyForWhat() {
        loop.setHandedOver(true);
        int writer = loop.readiness().selfPipe().writer();
        long handle = tasks.create(() -> {});
        assertEquals(0, loop.readiness().watch(writer, Interest.WRITE, handle));
        List<Integer> watched = new ArrayList<>();
        loop.readiness().forEachWatched(watched::add);
        assertTrue(watched.contains(writer));
        select(0);
        assertEquals(List.of(handle), select(FOR_EVER));
        assertTrue(loop.readiness().unwatch(writer, Interest.WRITE));
        assertEquals(List.of(), select(0));
    }

    @Test
    void aSleepEndsInTime() {
        loop.setHandedOver(true);
        select(0);
        assertEquals(List.of(), select(1_000_000));
    }

    @Test
    void takenBackItRunsAsBefore() {
        loop.setHandedOver(true);
        loop.setHandedOver(false);
        soon("runs");
        loop.setStopping(true);
        loop.run();
        assertEquals(List.of("runs"), trace);
        assertFalse(loop.readyCount() > 0);
    }

    private List<Long> select(long timeout) {
        List<Long> found = new ArrayList<>();
        loop.select(timeout, (descriptor, reader, writer) -> {
            for (long handle : new long[] {reader, writer}) {
                if (handle != LongQueue.NONE) {
                    found.add(handle);
                    tasks.release(handle);
                }
            }
        });
        return found;
    }

    private long watchSelfPipe() {
        long handle = tasks.create(() -> {});
        assertEquals(0, loop.readiness().watch(loop.readiness().selfPipe().reader(), Interest.READ, handle));
        return handle;
    }

    private List<Long> shown() {
        List<Long> shown = new ArrayList<>();
        loop.forEachReady(shown::add);
        return shown;
    }

    private List<Long> taken() {
        LongQueue queue = new LongQueue();
        loop.takeReady(queue);
        List<Long> taken = new ArrayList<>();
        while (!queue.isEmpty()) {
            taken.add(queue.poll());
        }
        return taken;
    }

    private long soon(String name) {
        long handle = tasks.create(() -> trace.add(name));
        loop.callSoon(handle);
        return handle;
    }

    private long at(double deadline) {
        long handle = tasks.create(() -> {});
        loop.callAt(deadline, handle);
        return handle;
    }
}
