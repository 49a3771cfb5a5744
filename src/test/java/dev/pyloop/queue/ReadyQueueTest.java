package dev.pyloop.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadyQueueTest {
    private static final int STEPS = 20_000;

    @Test
    void emptyQueueAnswersNull() {
        ReadyQueue queue = new ReadyQueue();
        assertTrue(queue.isEmpty());
        assertEquals(ReadyQueue.NULL_HANDLE, queue.poll());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void behavesLikeADequeAfterEveryOperation(long seed) {
        Random random = new Random(seed);
        ReadyQueue queue = new ReadyQueue();
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
                assertEquals(expected == null ? ReadyQueue.NULL_HANDLE : expected, queue.poll());
            }
            assertEquals(model.size(), queue.size());
            if (!model.isEmpty()) {
                assertEquals(model.getFirst(), queue.get(0));
                assertEquals(model.getLast(), queue.get(queue.size() - 1));
            }
        }
    }
}
