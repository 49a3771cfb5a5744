package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pyloop.reactor.Interest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollPolicyTest {
    private static final int CALLBACKS = 1000;
    private static final int DESCRIPTOR = 5;

    private final TaskTable tasks = new TaskTable();
    private final CountingPoller poller = new CountingPoller();
    private final EventLoop loop = new EventLoop(tasks, tasks, poller);
    private int left = CALLBACKS;

    @AfterEach
    void theLoopClosesItsPoller() {
        loop.close();
        assertTrue(poller.isClosed());
    }

    @Test
    void aChainWithoutDescriptorsPollsOnceInAWhile() {
        runChain();
        assertEquals(Math.ceilDiv(CALLBACKS, PollPolicy.MAX_CALLBACKS_BETWEEN_POLLS), poller.polls());
    }

    @Test
    void aWatchedDescriptorMakesEveryIterationPoll() {
        assertEquals(0, loop.watch(DESCRIPTOR, Interest.READ, tasks.create(() -> {})));
        runChain();
        assertEquals(CALLBACKS, poller.polls());
    }

    @Test
    void theHostsOwnDescriptorsDoNotCount() {
        assertEquals(0, loop.watch(DESCRIPTOR, Interest.READ, tasks.create(() -> {})));
        loop.setInternalWatches(1);
        runChain();
        assertEquals(Math.ceilDiv(CALLBACKS, PollPolicy.MAX_CALLBACKS_BETWEEN_POLLS), poller.polls());
    }

    private void runChain() {
        loop.callSoon(tasks.create(this::step));
        loop.run();
    }

    private void step() {
        if (--left == 0) {
            loop.setStopping(true);
        } else {
            loop.callSoon(tasks.create(this::step));
        }
    }
}
