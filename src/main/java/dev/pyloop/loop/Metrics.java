package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;
import java.util.function.LongConsumer;

/**
 * What one loop has done since it was made, in plain counters: to count costs next to nothing, and to read stops nobody.
 *
 * <p>Time is taken where the loop polls, not for each callback: once before a poll and, if that may sleep, once after it. The
 * time between two polls is busy. A loop that watches no descriptor polls once for many iterations ({@link PollPolicy}).
 *
 * <p>Owned by the loop. Guarded by the host's lock, so that any thread that holds it may read.
 */
public final class Metrics {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Histogram lateness = new Histogram();
    private final Histogram stretches = new Histogram();

    private long polls;
    private long events;
    private long timers;
    private long busy;
    private long idle;

    /** How many runs go on, one inside another. */
    private int runs;
    /** Whether {@link #mark} is the beginning of a stretch that is not over. */
    private boolean marked;

    private long mark;
    /** When the loop last looked for timers that are due, by its own clock. */
    private double lastLook = Double.NEGATIVE_INFINITY;

    private long received;
    private long receives;
    private long sent;
    private long sends;
    private long datagramsReceived;
    private long datagramsSent;
    private long opened;
    private long lost;
    private long accepted;
    private long posts;

    Metrics() {}

    /** Takes note that a run of the loop begins. */
    public void beginRun() {
        if (runs++ == 0) {
            mark = System.nanoTime();
            marked = true;
        }
    }

    /** Takes note that a run ends. */
    public void endRun() {
        if (--runs == 0 && marked) {
            busy += System.nanoTime() - mark;
            marked = false;
        }
    }

    /** Takes note that nobody runs the loop any more, not even somebody who only polls by it. */
    public void rest() {
        marked &= runs > 0;
    }

    /** Takes note that the loop is about to poll, at {@code now}. */
    void polling(long now) {
        if (marked) {
            long length = now - mark;
            busy += length;
            stretches.add(length);
        }
        marked = true;
        mark = now;
    }

    /** Takes note that the poll may have slept, and returns the time. */
    long slept() {
        long now = System.nanoTime();
        idle += now - mark;
        mark = now;
        return now;
    }

    /** Takes note of what the poll has answered. */
    void polled(int count) {
        polls++;
        events += Math.max(count, 0);
    }

    /** Takes note that the loop looks for timers that are due, at {@code now}. */
    void lookedForTimers(double now) {
        lastLook = now;
    }

    /**
     * Counts a timer that is found due at {@code now}. Where the deadline was over already when the timer was made, it is late
     * since the loop has last looked at the most.
     */
    void timerDue(double now, double deadline) {
        timers++;
        lateness.add((long) ((now - Math.max(deadline, lastLook)) * NANOS_PER_SECOND));
    }

    /** Counts a call that receives from a stream, with what it has answered: a number of bytes, or a negated errno. */
    @Inlined
    public void received(long result) {
        receives++;
        received += Math.max(result, 0);
    }

    /** Counts a call that sends to a stream, as {@link #received} does. */
    @Inlined
    public void sent(long result) {
        sends++;
        sent += Math.max(result, 0);
    }

    /** Counts a call that receives datagrams, with how many it has received, or a negated errno. */
    public void receivedDatagrams(int result) {
        receives++;
        datagramsReceived += Math.max(result, 0);
    }

    /** Counts a call that sends datagrams, with how many it has sent, or a negated errno. */
    public void sentDatagrams(int result) {
        sends++;
        datagramsSent += Math.max(result, 0);
    }

    /** Counts bytes of a datagram that was received. */
    public void receivedBytes(long count) {
        received += count;
    }

    /** Counts bytes of datagrams that were sent. */
    public void sentBytes(long count) {
        sent += count;
    }

    /** Counts a connection that has got a transport. */
    public void opened() {
        opened++;
    }

    /** Counts a connection whose transport is over. */
    public void lost() {
        lost++;
    }

    /** Counts a connection that a server has accepted. */
    public void accepted() {
        accepted++;
    }

    /** Counts a callback that was queued by the method for other threads. */
    @Inlined
    public void posted() {
        posts++;
    }

    /** Shows all that is counted here, in an order that Python knows, and the time up to now of a loop that may be asleep. */
    void show(boolean asleep, LongConsumer visitor) {
        long running = marked ? System.nanoTime() - mark : 0;
        visitor.accept(polls);
        visitor.accept(events);
        visitor.accept(timers);
        visitor.accept(asleep ? busy : busy + running);
        visitor.accept(asleep ? idle + running : idle);
        visitor.accept(received);
        visitor.accept(receives);
        visitor.accept(sent);
        visitor.accept(sends);
        visitor.accept(datagramsReceived);
        visitor.accept(datagramsSent);
        visitor.accept(opened);
        visitor.accept(lost);
        visitor.accept(accepted);
        visitor.accept(posts);
    }

    /** Shows how late timers were. */
    public void showLateness(LongConsumer visitor) {
        lateness.show(visitor);
    }

    /** Shows how long the loop was busy between one poll and the next. */
    public void showStretches(LongConsumer visitor) {
        stretches.show(visitor);
    }
}
