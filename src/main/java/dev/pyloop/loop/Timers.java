package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.queue.LongQueue;
import dev.pyloop.queue.TimerHeap;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;

/**
 * The timers of one loop, and what becomes of those that are cancelled.
 *
 * <p>A cancelled timer leaves the heap at once if it is the last, else when it comes to the head or when most are cancelled.
 * Owns the handles. Guarded by the host's lock.
 */
final class Timers {
    private final TimerHeap heap = new TimerHeap();
    private final Callbacks callbacks;
    /** Made once, for when memory is short. */
    private final LongPredicate isCancelled;

    Timers(Callbacks callbacks) {
        this.callbacks = callbacks;
        isCancelled = callbacks::isCancelled;
    }

    /** Adds a timer that is due at {@code deadline} seconds. */
    @Inlined
    void add(double deadline, long handle) {
        if (heap.hasRemoved()) {
            releaseRemoved();
        }
        heap.add(deadline, handle);
    }

    /** Takes note that a timer of these was cancelled. */
    @Inlined
    void cancelled(long handle) {
        if (!heap.removeIfLast(handle)) {
            heap.noteCancelled();
        }
    }

    /** Takes note that somebody says that a timer of these was cancelled, or is about to be. */
    void saidCancelled() {
        heap.noteSaidCancelled();
    }

    /** Takes note that timers may count as scheduled that are none of these. */
    void distrustCount() {
        heap.distrustCount();
    }

    /** Tells whether there is no timer, not even a cancelled one. */
    @Inlined
    boolean isEmpty() {
        return heap.isEmpty();
    }

    /** Returns the number of timers, cancelled ones included. */
    int size() {
        return heap.size();
    }

    /** Returns the earliest deadline in seconds. There must be a timer. */
    double nextDeadline() {
        return heap.nextDeadline();
    }

    /** Makes room for {@code count} timers, so that {@link #add} needs no memory for them. */
    void reserve(int count) {
        heap.reserve(count);
    }

    /** Returns the timer that is due next, which stays one of these, or {@link LongQueue#NONE}. */
    long next() {
        return heap.isEmpty() ? LongQueue.NONE : heap.peek();
    }

    /** Removes and returns the timer that is due next, or {@link LongQueue#NONE}; for all it counts as scheduled still. */
    long take() {
        if (heap.isEmpty()) {
            return LongQueue.NONE;
        }
        long handle = heap.remove();
        if (callbacks.isCancelled(handle)) {
            heap.noteCancelledRemoved();
        }
        return handle;
    }

    /** Queues all that are due before {@code end}, in the order of their deadlines, and counts them. */
    void queueDue(double end, LongQueue ready, Metrics metrics) {
        // So that a NaN is due, as on asyncio.
        while (!heap.isEmpty() && !(heap.nextDeadline() >= end)) {
            long handle = heap.peek();
            // First, for it may fail.
            ready.add(handle);
            metrics.timerDue(end, heap.nextDeadline());
            heap.remove();
            callbacks.unschedule(handle);
            if (callbacks.isCancelled(handle)) {
                heap.noteCancelledRemoved();
            }
        }
        metrics.lookedForTimers(end);
    }

    /** Drops cancelled timers as asyncio does at the beginning of an iteration. */
    @Inlined
    void dropCancelled() {
        if (heap.hasRemoved()) {
            releaseRemoved();
        }
        if (!heap.isEmpty()) {
            dropCancelledOfHeap();
        }
    }

    private void dropCancelledOfHeap() {
        if (heap.wantsCompaction()) {
            heap.compact(isCancelled);
            releaseRemoved();
        }
        while (!heap.isEmpty() && callbacks.isCancelled(heap.peek())) {
            long handle = heap.remove();
            heap.noteCancelledRemoved();
            callbacks.unschedule(handle);
            callbacks.release(handle);
        }
    }

    /** Releases those that have left the heap. */
    void releaseRemoved() {
        for (long timer = heap.takeRemoved(); timer != LongQueue.NONE; timer = heap.takeRemoved()) {
            callbacks.unschedule(timer);
            callbacks.release(timer);
        }
    }

    /** Has all leave the heap; {@link #releaseRemoved} is to follow. Needs no memory. */
    void clear() {
        for (int i = 0; i < heap.size(); i++) {
            callbacks.unschedule(heap.get(i));
        }
        heap.clear();
    }

    /** Gives memory back that was not needed of late. */
    void trim() {
        heap.trim();
    }

    /** Shows every timer: none before the one that is due next. */
    void forEach(LongConsumer visitor) {
        for (int i = 0; i < heap.size(); i++) {
            visitor.accept(heap.get(i));
        }
    }

    /** Shows those that have left the heap and were not released yet. */
    void forEachRemoved(LongConsumer visitor) {
        for (int i = 0; i < heap.removedSize(); i++) {
            visitor.accept(heap.getRemoved(i));
        }
    }
}
