package dev.pyloop.cpython;

/**
 * What happens when an allocation found no room: a full collection, so that the next one finds what room there is. The
 * runtime may give up before it has looked through all of the heap.
 *
 * <p>Where that finds next to nothing, because live objects fill the heap, it is repeated ever more rarely: a program may
 * go on to run into thousands of such failures, and they must not take a collection each.
 *
 * <p>Callers hold the GIL.
 */
public final class FullHeap {
    /** A collection was worth its time if it found this part of the heap. */
    private static final int WORTHWHILE_PART = 32;

    private static final int MOST_SKIPPED = 63;

    private static int left;
    private static int skipped;

    private FullHeap() {}

    /** Takes note of an allocation that failed. Allocates nothing. */
    static void failed() {
        if (left > 0) {
            left--;
            return;
        }
        skipped = collect() ? 0 : Math.min(2 * skipped + 1, MOST_SKIPPED);
        left = skipped;
    }

    /**
     * Collects all garbage.
     *
     * @return whether there was much
     */
    public static boolean collect() {
        Runtime runtime = Runtime.getRuntime();
        long before = runtime.totalMemory() - runtime.freeMemory();
        try {
            System.gc();
        } catch (OutOfMemoryError e) {
            // The native runtime says so when it has collected, if the heap is larger still than it may be.
        }
        long after = runtime.totalMemory() - runtime.freeMemory();
        return before - after >= runtime.maxMemory() / WORTHWHILE_PART;
    }
}
