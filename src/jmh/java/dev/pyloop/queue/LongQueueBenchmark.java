package dev.pyloop.queue;

import dev.pyloop.EngineBenchmark;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The ready queue: what it adds to one callback. */
@State(Scope.Thread)
public class LongQueueBenchmark extends EngineBenchmark {
    private static final int BATCH = 50_000;

    private final LongQueue queue = new LongQueue();
    private long handle = 1;

    /** A callback that queues the next. */
    @Benchmark
    public long chain() {
        queue.add(handle++);
        return queue.poll();
    }

    /** Many callbacks, queued and then taken. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void batch(Blackhole taken) {
        for (int i = 0; i < BATCH; i++) {
            queue.add(handle++);
        }
        for (int i = 0; i < BATCH; i++) {
            taken.consume(queue.poll());
        }
    }
}
