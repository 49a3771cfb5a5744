package dev.pyloop.loop;

import dev.pyloop.memory.NativeLock;
import java.util.HashMap;
import java.util.Map;

/**
 * Java tasks as the loop's callbacks, with a count of references per handle that must balance.
 *
 * <p>The host of the same tests has no lock and a clock the test sets.
 */
final class TaskTable implements Callbacks, Host {
    private static final class Task {
        final Runnable action;
        int references = 1;
        boolean cancelled;

        Task(Runnable action) {
            this.action = action;
        }
    }

    private final Map<Long, Task> tasks = new HashMap<>();
    private long lastHandle;
    private double now;
    private Runnable whenSlept = () -> {};
    private int iterations;

    /** Makes a handle, which the caller hands to the loop. */
    synchronized long create(Runnable action) {
        tasks.put(++lastHandle, new Task(action));
        return lastHandle;
    }

    /** Returns the number of handles somebody still refers to. */
    synchronized int alive() {
        return tasks.size();
    }

    void advanceTo(double seconds) {
        now = seconds;
    }

    /** Has {@code action} run in the loop's thread whenever it has slept. */
    void whenSlept(Runnable action) {
        whenSlept = action;
    }

    @Override
    public boolean run(long handle) {
        Task task = task(handle);
        try {
            if (!task.cancelled) {
                task.action.run();
            }
        } finally {
            release(handle);
        }
        return false;
    }

    @Override
    public boolean endIteration() {
        iterations++;
        return false;
    }

    /** Returns how many iterations have run to their end. */
    int iterations() {
        return iterations;
    }

    @Override
    public boolean isCancelled(long handle) {
        return task(handle).cancelled;
    }

    @Override
    public void cancel(long handle) {
        task(handle).cancelled = true;
    }

    @Override
    public void unschedule(long handle) {
        task(handle);
    }

    @Override
    public synchronized void retain(long handle) {
        task(handle).references++;
    }

    @Override
    public synchronized void release(long handle) {
        if (--task(handle).references == 0) {
            tasks.remove(handle);
        }
    }

    @Override
    public double seconds() {
        return now;
    }

    @Override
    public NativeLock lock() {
        return NativeLock.NONE;
    }

    @Override
    public boolean beforeSleep() {
        return false;
    }

    @Override
    public boolean maySleep() {
        return true;
    }

    @Override
    public boolean breathe() {
        return false;
    }

    private synchronized Task task(long handle) {
        Task task = tasks.get(handle);
        if (task == null) {
            throw new AssertionError("handle " + handle + " was released already");
        }
        return task;
    }

    @Override
    public void afterSleep() {
        whenSlept.run();
    }
}
