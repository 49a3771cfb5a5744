package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final double NANOS_PER_SECOND = 1e9;

    private final TaskTable tasks = new TaskTable();
    private final CountingPoller poller = new CountingPoller();
    private final EventLoop loop = new EventLoop(tasks, tasks, poller);

    @AfterEach
    void closeLoop() {
        loop.close();
    }

    @Test
    void everyPowerOfTwoIsCutIntoEight() {
        assertEquals(0, Histogram.range(0));
        assertEquals(0, Histogram.range(127));
        assertEquals(7, Histogram.range(1023));
        assertEquals(8, Histogram.range(1024));
        assertEquals(8, Histogram.range(1024 + 127));
        assertEquals(9, Histogram.range(1024 + 128));
        assertEquals(15, Histogram.range(2047));
        assertEquals(16, Histogram.range(2048));
        assertEquals(17, Histogram.range(2048 + 256));
        int previous = 0;
        for (long nanos = 1; nanos > 0; nanos *= 2) {
            int range = Histogram.range(nanos);
            assertTrue(range >= previous);
            previous = range;
        }
        assertEquals(previous, Histogram.range(Long.MAX_VALUE));
    }

    @Test
    void aHistogramShowsItsSumItsLongestAndItsRanges() {
        Histogram histogram = new Histogram();
        histogram.add(130);
        histogram.add(140);
        histogram.add(-5);
        histogram.add(300);
        List<Long> shown = new ArrayList<>();
        histogram.show(shown::add);
        assertEquals(List.of(570L, 300L, 1L, 2L, 1L), shown);
    }

    @Test
    void aTimerIsAsLateAsTheClockSays() {
        loop.callAt(1, tasks.create(() -> {}));
        loop.callAt(5, tasks.create(() -> {}));
        tasks.advanceTo(3);
        loop.runOnce();
        assertEquals(List.of(2.0), lateness(1));
        tasks.advanceTo(5.5);
        loop.runOnce();
        assertEquals(List.of(2.5), lateness(2));
    }

    @Test
    void aTimerThatWasMadeLateIsLateSinceTheLastLookAtMost() {
        loop.callAt(1, tasks.create(() -> {}));
        tasks.advanceTo(1);
        loop.runOnce();
        loop.callAt(0, tasks.create(() -> {}));
        tasks.advanceTo(1.5);
        loop.runOnce();
        assertEquals(List.of(0.5), lateness(2));
    }

    /** Returns the sum of how late timers were, in seconds to a microsecond, once {@code count} have run. */
    private List<Double> lateness(long count) {
        List<Long> shown = new ArrayList<>();
        loop.metrics().showLateness(shown::add);
        assertEquals(count, shown.stream().skip(2).mapToLong(Long::longValue).sum());
        return List.of(Math.round(shown.getFirst() / NANOS_PER_SECOND * 1e6) / 1e6);
    }
}
