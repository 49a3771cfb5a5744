package dev.pyloop.queue;

import dev.pyloop.EngineBenchmark;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The inbox: what it adds to one callback that comes from another thread. */
@State(Scope.Group)
public class InboxBenchmark extends EngineBenchmark {
    private static final long HANDLE = 1;

    private final Inbox inbox = new Inbox();
    private final ReadyQueue ready = new ReadyQueue();

    /** Left and taken, with no other thread in the way. */
    @Benchmark
    @Group("alone")
    public long addAndDrain() {
        inbox.add(HANDLE);
        inbox.drainTo(ready);
        return ready.poll();
    }

    /** Left while the loop takes what was left before. */
    @Benchmark
    @Group("contended")
    public void add() {
        inbox.add(HANDLE);
    }

    /** The loop: takes everything there is. */
    @Benchmark
    @Group("contended")
    public void drain(Blackhole taken) {
        if (!inbox.isEmpty()) {
            inbox.drainTo(ready);
        }
        while (!ready.isEmpty()) {
            taken.consume(ready.poll());
        }
    }
}
