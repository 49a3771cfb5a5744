package dev.pyloop.bridge;

/** An event that is run, by the loop's thread and in Java, instead of being reported. */
abstract class Work extends Event {
    /** Does the work. What it throws is reported to the loop's exception handler. */
    abstract void run() throws Throwable;

    @Override
    final void report(Mailbox mailbox, int row) {
        throw new AssertionError("work is run");
    }
}
