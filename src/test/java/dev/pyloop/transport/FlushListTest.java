package dev.pyloop.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sending for all that wait, also when that leads to more to send or to another flush. */
class FlushListTest {
    private final FlushList list = new FlushList(1);
    private final List<String> sent = new ArrayList<>();

    @Test
    void flushingInTheMiddleOfAFlushSendsTheRestOnce() {
        list.add(() -> sent.add("first"));
        list.add(() -> {
            sent.add("second");
            list.flush();
        });
        list.add(() -> sent.add("third"));

        list.flush();

        assertEquals(List.of("first", "second", "third"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void whatIsAddedAfterAFlushInTheMiddleIsSentToo() {
        list.add(() -> {
            sent.add("first");
            list.flush();
            list.add(() -> sent.add("third"));
            list.add(() -> sent.add("fourth"));
        });
        list.add(() -> sent.add("second"));

        list.flush();

        assertEquals(List.of("first", "second", "third", "fourth"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void theLastOfAListIsSentOnceWhenItFlushes() {
        list.add(() -> {
            sent.add("first");
            list.add(() -> {
                sent.add("second");
                list.flush();
            });
        });

        list.flush();

        assertEquals(List.of("first", "second"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void whatAnExceptionLeavesIsSentByTheNextFlush() {
        list.add(() -> sent.add("first"));
        list.add(() -> {
            throw new IllegalStateException("expected");
        });
        list.add(() -> sent.add("third"));

        assertThrows(IllegalStateException.class, list::flush);
        list.flush();

        assertEquals(List.of("first", "third"), sent);
        assertTrue(list.isEmpty());
    }
}
