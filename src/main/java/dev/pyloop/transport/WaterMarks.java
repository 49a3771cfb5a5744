package dev.pyloop.transport;

/** The marks of flow control, in bytes: above which the owner pauses writing, and down to which it resumes. */
record WaterMarks(long high, long low) {
    /** asyncio's. */
    static final WaterMarks USUAL = new WaterMarks(64 * 1024, 16 * 1024);
}
