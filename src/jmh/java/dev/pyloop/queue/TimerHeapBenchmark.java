package dev.pyloop.queue;

import dev.pyloop.EngineBenchmark;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The timer heap, with as many timers in it as {@link #timers} says. */
@State(Scope.Thread)
public class TimerHeapBenchmark extends EngineBenchmark {
    /** Handles below this one are never cancelled. */
    private static final long FIRST_CANCELLED = 1L << 32;

    @Param({"100", "10000", "1000000"})
    public int timers;

    private final TimerHeap heap = new TimerHeap();
    private final SplittableRandom random = new SplittableRandom(1);

    /** Fills the heap with timers that are due within the next second. */
    @Setup(Level.Iteration)
    public void fill() {
        while (!heap.isEmpty()) {
            heap.remove();
        }
        for (long handle = 1; handle <= timers; handle++) {
            heap.add(random.nextDouble(), handle);
        }
    }

    /** A timer that fires, and is scheduled anew up to a second later. */
    @Benchmark
    public long fire() {
        double now = heap.nextDeadline();
        long handle = heap.remove();
        heap.add(now + random.nextDouble(), handle);
        return handle;
    }

    /** A time-out that is cancelled, as almost all are; some leave at once, the others with half of the heap. */
    @Benchmark
    public void cancel() {
        heap.add(random.nextDouble(), FIRST_CANCELLED);
        if (!heap.removeIfLast(FIRST_CANCELLED)) {
            heap.noteCancelled();
            if (heap.wantsCompaction()) {
                heap.compact(handle -> handle == FIRST_CANCELLED);
            }
        }
        while (heap.hasRemoved()) {
            heap.takeRemoved();
        }
    }
}
