package dev.pyloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A back end that reports operations that are over, rather than descriptors that are ready. */
class CompletionsTest {
    private final TaskTable tasks = new TaskTable();
    private final CountingPoller poller = new CountingPoller();
    private final EventLoop loop = new EventLoop(tasks, tasks, poller);
    private final List<String> trace = new ArrayList<>();

    @AfterEach
    void everyHandleIsReleased() {
        loop.close();
        assertEquals(0, tasks.alive());
    }

    @Test
    void whatIsOverRunsInTheIterationThatFindsItBehindWhatWasQueuedBefore() {
        poller.complete(tasks.create(() -> trace.add("first operation")));
        poller.complete(tasks.create(() -> trace.add("second operation")));
        loop.callSoon(tasks.create(() -> trace.add("queued")));
        loop.runOnce();
        assertEquals(List.of("queued", "first operation", "second operation"), trace);
        loop.callSoon(tasks.create(() -> trace.add("next")));
        loop.runOnce();
        assertEquals(4, trace.size());
    }

    @Test
    void whoRunsTheCallbacksIsToldToo() {
        loop.setHandedOver(true);
        long handle = tasks.create(() -> {});
        poller.complete(handle);
        List<Long> found = new ArrayList<>();
        loop.select(0, (descriptor, reader, writer) -> {
            assertEquals(Found.NO_DESCRIPTOR, descriptor);
            assertEquals(0, writer);
            found.add(reader);
        });
        assertEquals(List.of(handle), found);
        tasks.release(handle);
    }
}
