package dev.pyloop.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongQueueTest {
    private static final int STEPS = 20_000;

    @Test
    void emptyQueueAnswersNull() {
        LongQueue queue = new LongQueue();
        assertTrue(queue.isEmpty());
        assertEquals(LongQueue.NONE, queue.poll());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void behavesLikeADequeAfterEveryOperation(long seed) {
        Random random = new Random(seed);
        LongQueue queue = new LongQueue();
        ArrayDeque<Long> model = new ArrayDeque<>();
        for (int i = 0; i < STEPS; i++) {
            // Phases of growth and of shrinking, so that the ring wraps around and grows while wrapped.
            boolean growing = (i / 1000) % 2 == 0;
            if (random.nextInt(10) < (growing ? 7 : 3)) {
                long handle = 1 + random.nextLong(Long.MAX_VALUE);
                queue.add(handle);
                model.add(handle);
            } else {
                Long expected = model.poll();
                assertEquals(expected == null ? LongQueue.NONE : expected, queue.poll());
            }
            if (random.nextInt(100) == 0) {
                queue.trim();
            }
            assertEquals(model.size(), queue.size());
            if (!model.isEmpty()) {
                assertEquals(model.getFirst(), queue.get(0));
                assertEquals(model.getLast(), queue.get(queue.size() - 1));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 256, 257, 1000})
    void drainsIntoAnother(int count) {
        LongQueue source = new LongQueue();
        LongQueue target = new LongQueue();
        target.add(1);
        for (int i = 0; i < count; i++) {
            source.add(2 + i);
        }
        source.drainTo(target);
        assertTrue(source.isEmpty());
        for (int i = 0; i <= count; i++) {
            assertEquals(1 + i, target.poll());
        }
        assertTrue(target.isEmpty());
    }

    @Test
    void givesMemoryBackAfterABurst() {
        LongQueue queue = new LongQueue();
        int usual = queue.capacity();
        fillAndDrain(queue, 100 * usual);
        int large = queue.capacity();
        queue.trim();
        assertEquals(large, queue.capacity(), "just used");
        fillAndDrain(queue, usual);
        queue.trim();
        assertTrue(queue.capacity() <= 4 * usual);
        queue.trim();
        assertEquals(usual, queue.capacity());
    }

    @Test
    void keepsMemoryThatBurstsUseAgainAndAgain() {
        LongQueue queue = new LongQueue();
        int burst = 100 * queue.capacity();
        fillAndDrain(queue, burst);
        int large = queue.capacity();
        for (int i = 0; i < 10; i++) {
            queue.trim();
            fillAndDrain(queue, burst);
            assertEquals(large, queue.capacity());
        }
    }

    @Test
    void trimmingKeepsWhatIsQueued() {
        LongQueue queue = new LongQueue();
        int large = 100 * queue.capacity();
        fillAndDrain(queue, large);
        for (long handle = 1; handle <= 1000; handle++) {
            queue.add(handle);
        }
        queue.trim();
        queue.trim();
        assertTrue(queue.capacity() < large);
        for (long handle = 1; handle <= 1000; handle++) {
            assertEquals(handle, queue.poll());
        }
        assertTrue(queue.isEmpty());
    }

    private static void fillAndDrain(LongQueue queue, int count) {
        for (long handle = 1; handle <= count; handle++) {
            queue.add(handle);
        }
        while (!queue.isEmpty()) {
            queue.poll();
        }
    }
}
