package dev.pyloop.loop;

import java.util.function.LongConsumer;

/**
 * How long something took, by ranges of durations: each power of two is cut into {@value #RANGES_PER_OCTAVE} ranges, so that
 * a duration is known to an eighth, however long it is.
 *
 * <p>Below 1,024 ns a range is 128 ns wide. Python computes the limits of the ranges in the same way. Guarded by the host's
 * lock.
 */
final class Histogram {
    private static final int SHIFT = 3;
    private static final int RANGES_PER_OCTAVE = 1 << SHIFT;
    /** What is shorter than two to the power of this is not told apart. */
    private static final int UNIT_SHIFT = 7;
    /** The last range has no upper limit; it begins after four hours. */
    private static final int RANGES = 36 * RANGES_PER_OCTAVE;

    private final long[] counts = new long[RANGES];
    private long sum;
    private long longest;

    /** Counts a duration; one that is negative, because a clock was set, counts as none. */
    void add(long nanos) {
        long duration = Math.max(nanos, 0);
        counts[range(duration)]++;
        sum += duration;
        longest = Math.max(longest, duration);
    }

    /** Shows the sum of all durations, the longest, and how many there are in each range, up to the last that has any. */
    void show(LongConsumer visitor) {
        visitor.accept(sum);
        visitor.accept(longest);
        int end = RANGES;
        while (end > 0 && counts[end - 1] == 0) {
            end--;
        }
        for (int i = 0; i < end; i++) {
            visitor.accept(counts[i]);
        }
    }

    /** Returns the number of the range that a duration is in. */
    static int range(long nanos) {
        long units = nanos >>> UNIT_SHIFT;
        if (units < RANGES_PER_OCTAVE) {
            return (int) units;
        }
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(units) - SHIFT;
        int range = (octave << SHIFT) + (int) (units >>> octave);
        return Math.min(range, RANGES - 1);
    }
}
