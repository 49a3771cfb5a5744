package dev.pyloop.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimerHeapTest {
    private static final int STEPS = 20_000;
    /** Few enough deadlines that many timers share one. */
    private static final int DEADLINES = 50;

    private record Timer(double deadline, long handle) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void behavesLikeAStablePriorityQueueAfterEveryOperation(long seed) {
        Random random = new Random(seed);
        TimerHeap heap = new TimerHeap();
        // Handles count up, so they tell the order of addition among equal deadlines.
        PriorityQueue<Timer> model =
                new PriorityQueue<>(Comparator.comparingDouble(Timer::deadline).thenComparingLong(Timer::handle));
        for (long handle = 1; handle <= STEPS; handle++) {
            if (model.isEmpty() || random.nextInt(10) < 6) {
                Timer timer = new Timer(random.nextInt(DEADLINES) / 8.0, handle);
                heap.add(timer.deadline(), timer.handle());
                model.add(timer);
            } else {
                assertEquals(model.remove().handle(), heap.remove());
            }
            if (random.nextInt(100) == 0) {
                heap.trim();
            }
            assertEquals(model.size(), heap.size());
            assertEquals(model.isEmpty(), heap.isEmpty());
            Timer next = model.peek();
            if (next != null) {
                assertEquals(next.deadline(), heap.nextDeadline());
                assertEquals(next.handle(), heap.peek());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {6, 7, 8})
    void compactionRemovesTheCancelledAndKeepsTheOrderOfTheRest(long seed) {
        Random random = new Random(seed);
        TimerHeap heap = new TimerHeap();
        List<Timer> kept = new ArrayList<>();
        Set<Long> cancelled = new HashSet<>();
        for (long handle = 1; handle <= 1000; handle++) {
            Timer timer = new Timer(random.nextInt(DEADLINES), handle);
            heap.add(timer.deadline(), timer.handle());
            if (random.nextInt(10) < 6) {
                cancelled.add(handle);
                heap.noteCancelled();
            } else {
                kept.add(timer);
            }
        }
        assertTrue(heap.wantsCompaction());

        heap.compact(cancelled::contains);

        // Whoever takes one may add others before the next.
        Set<Long> taken = new HashSet<>();
        for (long handle = heap.takeRemoved(); handle != LongQueue.NONE; handle = heap.takeRemoved()) {
            taken.add(handle);
            for (int i = 0; i < 3; i++) {
                Timer timer = new Timer(random.nextInt(DEADLINES), 1001 + kept.size());
                heap.add(timer.deadline(), timer.handle());
                kept.add(timer);
            }
            heap.trim();
        }
        assertEquals(cancelled, taken);
        kept.sort(Comparator.comparingDouble(Timer::deadline).thenComparingLong(Timer::handle));
        for (Timer timer : kept) {
            assertEquals(timer.handle(), heap.remove());
        }
        assertTrue(heap.isEmpty());
    }

    @Test
    void whatIsClearedAwaitsItsTaker() {
        TimerHeap heap = new TimerHeap();
        for (int i = 1; i <= 100; i++) {
            heap.add(-i, i);
        }
        heap.clear();
        assertTrue(heap.isEmpty());
        heap.add(5, 101);
        heap.clear();
        heap.add(6, 102);
        Set<Long> taken = new HashSet<>();
        for (long handle = heap.takeRemoved(); handle != LongQueue.NONE; handle = heap.takeRemoved()) {
            assertTrue(taken.add(handle));
        }
        assertEquals(101, taken.size());
        assertEquals(102, heap.remove());
        assertTrue(heap.isEmpty());
    }

    @Test
    void cancelledTimersThatAreClearedDoNotCountAnyMore() {
        TimerHeap heap = new TimerHeap();
        for (int round = 0; round < 2; round++) {
            for (int i = 1; i <= 200; i++) {
                heap.add(i, i);
            }
            for (int i = 0; i < 100; i++) {
                heap.noteCancelled();
            }
            assertFalse(heap.wantsCompaction());
            heap.clear();
        }
    }

    @Test
    void theLastOfTheHeapLeavesWhenItIsCancelled() {
        TimerHeap heap = new TimerHeap();
        for (int i = 1; i <= 64; i++) {
            heap.add(i, i);
        }
        assertFalse(heap.removeIfLast(1));
        assertFalse(heap.hasRemoved());
        for (int i = 64; i > 1; i--) {
            assertTrue(heap.removeIfLast(i));
        }
        assertEquals(1, heap.size());
        assertEquals(63, heap.removedSize());
        for (int i = 0; i < 63; i++) {
            assertEquals(64 - i, heap.getRemoved(i));
        }
        heap.add(0, 65);
        assertEquals(65, heap.remove());
        Set<Long> taken = new HashSet<>();
        for (long handle = heap.takeRemoved(); handle != LongQueue.NONE; handle = heap.takeRemoved()) {
            taken.add(handle);
        }
        assertEquals(63, taken.size());
        assertFalse(heap.hasRemoved());
        assertEquals(1, heap.remove());
        assertFalse(heap.removeIfLast(1));
    }

    @Test
    void whereAllAreCancelledNoneIsAskedFor() {
        TimerHeap heap = new TimerHeap();
        for (int i = 1; i <= 200; i++) {
            heap.add(i, i);
            heap.noteCancelled();
        }
        heap.compact(handle -> {
            throw new AssertionError("asked for " + handle);
        });
        assertTrue(heap.isEmpty());
        assertEquals(200, heap.removedSize());
    }

    @Test
    void whatOthersSayIsLookedAt() {
        TimerHeap heap = new TimerHeap();
        for (int i = 1; i <= 200; i++) {
            heap.add(i, i);
            heap.noteSaidCancelled();
        }
        heap.compact(handle -> handle != 7);
        assertEquals(1, heap.size());
        assertEquals(7, heap.peek());
        heap.noteCancelled();
        heap.compact(handle -> {
            throw new AssertionError("the count was exact again");
        });
        assertTrue(heap.isEmpty());
    }

    @Test
    void fewCancelledTimersAreNotWorthCompaction() {
        TimerHeap heap = new TimerHeap();
        for (int i = 1; i <= 200; i++) {
            heap.add(i, i);
        }
        for (int i = 0; i < 100; i++) {
            heap.noteCancelled();
        }
        assertFalse(heap.wantsCompaction());
        heap.noteCancelled();
        assertTrue(heap.wantsCompaction());
    }

    @Test
    void roomThatWasMadeTakesNoMemoryWhenItIsUsed() {
        TimerHeap heap = new TimerHeap();
        heap.add(1, 1);
        heap.add(2, 2);
        assertTrue(heap.removeIfLast(2));
        heap.reserve(1000);
        int capacity = heap.capacity();
        for (int handle = 3; handle < 1003; handle++) {
            heap.add(handle, handle);
        }
        assertEquals(capacity, heap.capacity());
        assertEquals(2, heap.takeRemoved());
        assertEquals(1001, heap.size());
    }

    @Test
    void infiniteDeadlinesComeLast() {
        TimerHeap heap = new TimerHeap();
        heap.add(Double.POSITIVE_INFINITY, 1);
        heap.add(5, 2);
        heap.add(Double.NEGATIVE_INFINITY, 3);
        assertEquals(3, heap.remove());
        assertEquals(2, heap.remove());
        assertEquals(1, heap.remove());
    }

    @Test
    void givesMemoryBackAfterABurst() {
        TimerHeap heap = new TimerHeap();
        int usual = heap.capacity();
        fillAndDrain(heap, 100 * usual);
        int large = heap.capacity();
        heap.trim();
        assertEquals(large, heap.capacity(), "just used");
        fillAndDrain(heap, usual);
        heap.trim();
        assertTrue(heap.capacity() <= 4 * usual);
        heap.trim();
        assertEquals(usual, heap.capacity());
    }

    @Test
    void keepsMemoryThatIsInUse() {
        TimerHeap heap = new TimerHeap();
        int count = 100 * heap.capacity();
        for (int i = 1; i <= count; i++) {
            heap.add(i, i);
        }
        int large = heap.capacity();
        for (int i = 0; i < 3; i++) {
            heap.trim();
            assertEquals(large, heap.capacity());
        }
        for (int i = 1; i <= count - 10; i++) {
            assertEquals(i, heap.remove());
        }
        heap.trim();
        heap.trim();
        assertTrue(heap.capacity() < large);
        for (int i = count - 9; i <= count; i++) {
            assertEquals(i, heap.remove());
        }
    }

    private static void fillAndDrain(TimerHeap heap, int count) {
        for (int i = 1; i <= count; i++) {
            heap.add(i, i);
        }
        while (!heap.isEmpty()) {
            heap.remove();
        }
    }
}
