package dev.pyloop.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteQueueTest {
    private static final int STEPS = 20_000;
    private static final int MAX_LENGTH = 50;

    private record Chunk(long address, long length, long token) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void behavesLikeADequeOfChunksAfterEveryOperation(long seed) {
        Random random = new Random(seed);
        WriteQueue queue = new WriteQueue();
        ArrayDeque<Chunk> model = new ArrayDeque<>();
        List<Long> released = new ArrayList<>();
        for (long step = 1; step <= STEPS; step++) {
            boolean growing = (step / 500) % 2 == 0;
            if (model.isEmpty() || random.nextInt(10) < (growing ? 7 : 3)) {
                Chunk chunk = new Chunk(step * 1000, 1 + random.nextInt(MAX_LENGTH), step);
                queue.add(chunk.address(), chunk.length(), chunk.token());
                model.add(chunk);
            } else {
                long bytes = 1 + random.nextLong(Math.min(size(model), 3 * MAX_LENGTH));
                List<Long> expected = removeFrom(model, bytes);
                released.clear();
                queue.remove(bytes, released::add);
                assertEquals(expected, released);
            }
            assertEquals(model.isEmpty(), queue.isEmpty());
            assertEquals(model.size(), queue.count());
            assertEquals(size(model), queue.size());
            if (!model.isEmpty()) {
                assertEquals(model.getFirst().address(), queue.address());
                assertEquals(model.getFirst().length(), queue.length());
            }
        }
    }

    @Test
    void clearingReleasesEveryTokenOnceAndInOrder() {
        WriteQueue queue = new WriteQueue();
        for (long token = 1; token <= 9; token++) {
            queue.add(token * 100, 10, token);
        }
        queue.remove(25, token -> assertTrue(token <= 2));
        List<Long> released = new ArrayList<>();
        queue.clear(released::add);
        assertEquals(List.of(3L, 4L, 5L, 6L, 7L, 8L, 9L), released);
        assertEquals(0, queue.size());
        assertTrue(queue.isEmpty());
    }

    @Test
    void whoReleasesAChunkMayAddAnother() {
        WriteQueue queue = new WriteQueue();
        queue.add(100, 1, 1);
        queue.remove(1, token -> queue.add(200, 7, 2));
        assertEquals(1, queue.count());
        assertEquals(7, queue.size());
        assertEquals(200, queue.address());
    }

    private static long size(ArrayDeque<Chunk> model) {
        return model.stream().mapToLong(Chunk::length).sum();
    }

    private static List<Long> removeFrom(ArrayDeque<Chunk> model, long bytes) {
        List<Long> released = new ArrayList<>();
        long rest = bytes;
        while (rest > 0) {
            Chunk first = model.removeFirst();
            if (first.length() > rest) {
                model.addFirst(new Chunk(first.address() + rest, first.length() - rest, first.token()));
                break;
            }
            rest -= first.length();
            released.add(first.token());
        }
        return released;
    }
}
