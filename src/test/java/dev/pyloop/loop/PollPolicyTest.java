package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.reactor.Interest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollPolicyTest {
    private static final int CALLBACKS = 2000;
    private static final int DESCRIPTOR = 5;

    private final TaskTable tasks = new TaskTable();
    private final CountingPoller poller = new CountingPoller();
    private final EventLoop loop = new EventLoop(tasks, tasks, poller);
    private int left = CALLBACKS;
    private long nanosPerCallback;

    @AfterEach
    void theLoopClosesItsPoller() {
        loop.close();
        assertTrue(poller.isClosed());
    }

    @Test
    void aChainWithoutDescriptorsPollsOnceInAWhile() {
        runChain();
        assertPollsNowAndThen();
    }

    @Test
    void aWatchedDescriptorMakesEveryIterationPoll() {
        assertEquals(0, loop.readiness().watch(DESCRIPTOR, Interest.READ, tasks.create(() -> {})));
        runChain();
        assertEquals(CALLBACKS, poller.polls());
    }

    @Test
    void theHostsOwnDescriptorsDoNotCount() {
        assertEquals(0, loop.readiness().watch(DESCRIPTOR, Interest.READ, tasks.create(() -> {})));
        loop.readiness().setInternalWatches(1);
        runChain();
        assertPollsNowAndThen();
    }

    @Test
    void slowCallbacksArePolledBetweenSooner() {
        left = 50;
        nanosPerCallback = PollPolicy.MAX_NANOS;
        runChain();
        assertEquals(Math.ceilDiv(50, PollPolicy.CALLBACKS_BETWEEN_CLOCK_READINGS), poller.polls());
    }

    @Test
    void afterTheLastWatchThePollsBecomeRareAgain() {
        assertEquals(0, loop.readiness().watch(DESCRIPTOR, Interest.READ, tasks.create(() -> {})));
        runChain();
        assertTrue(loop.readiness().unwatch(DESCRIPTOR, Interest.READ));
        int before = poller.polls();
        left = CALLBACKS;
        loop.setStopping(false);
        runChain();
        int polls = poller.polls() - before;
        assertTrue(polls >= Math.ceilDiv(CALLBACKS, PollPolicy.MAX_CALLBACKS));
        assertTrue(polls <= Math.ceilDiv(CALLBACKS, PollPolicy.CALLBACKS_BETWEEN_CLOCK_READINGS) + 1);
    }

    /** How often exactly depends on the time that the callbacks take. */
    private void assertPollsNowAndThen() {
        assertTrue(poller.polls() >= Math.ceilDiv(CALLBACKS, PollPolicy.MAX_CALLBACKS));
        assertTrue(poller.polls() <= Math.ceilDiv(CALLBACKS, PollPolicy.CALLBACKS_BETWEEN_CLOCK_READINGS));
    }

    private void runChain() {
        loop.callSoon(tasks.create(this::step));
        loop.run();
    }

    private void step() {
        long end = System.nanoTime() + nanosPerCallback;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        if (--left == 0) {
            loop.setStopping(true);
        } else {
            loop.callSoon(tasks.create(this::step));
        }
    }
}
