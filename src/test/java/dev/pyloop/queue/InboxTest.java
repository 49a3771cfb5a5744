package dev.pyloop.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class InboxTest {
    private static final int PRODUCERS = 4;
    private static final int PER_PRODUCER = 50_000;

    @Test
    void drainsInTheOrderOfAddition() {
        Inbox inbox = new Inbox();
        assertTrue(inbox.isEmpty());
        inbox.add(7);
        inbox.add(8);
        assertEquals(2, inbox.size());
        assertEquals(7, inbox.get(0));

        ReadyQueue target = new ReadyQueue();
        target.add(6);
        inbox.drainTo(target);

        assertTrue(inbox.isEmpty());
        assertEquals(6, target.poll());
        assertEquals(7, target.poll());
        assertEquals(8, target.poll());
    }

    /** A handle is the producer's number and its count, so each producer's handles must arrive counting up. */
    @Test
    @Timeout(60)
    void losesNothingAndKeepsTheOrderOfEveryProducer() throws InterruptedException {
        Inbox inbox = new Inbox();
        List<Thread> producers = new ArrayList<>();
        for (int i = 0; i < PRODUCERS; i++) {
            int producer = i;
            producers.add(Thread.ofPlatform().start(() -> {
                for (int count = 1; count <= PER_PRODUCER; count++) {
                    inbox.add((long) producer << 32 | count);
                }
            }));
        }
        long[] last = new long[PRODUCERS];
        ReadyQueue target = new ReadyQueue();
        int received = 0;
        while (received < PRODUCERS * PER_PRODUCER) {
            if (inbox.isEmpty()) {
                Thread.onSpinWait();
                continue;
            }
            inbox.drainTo(target);
            for (long handle = target.poll(); handle != ReadyQueue.NULL_HANDLE; handle = target.poll()) {
                int producer = (int) (handle >>> 32);
                assertEquals(last[producer] + 1, handle & 0xFFFF_FFFFL);
                last[producer]++;
                received++;
            }
        }
        for (Thread producer : producers) {
            producer.join();
        }
        assertTrue(inbox.isEmpty());
    }
}
