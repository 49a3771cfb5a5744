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
        add(() -> sent.add("first"));
        add(() -> {
            sent.add("second");
            list.flush();
        });
        add(() -> sent.add("third"));

        list.flush();

        assertEquals(List.of("first", "second", "third"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void whatIsAddedAfterAFlushInTheMiddleIsSentToo() {
        add(() -> {
            sent.add("first");
            list.flush();
            add(() -> sent.add("third"));
            add(() -> sent.add("fourth"));
        });
        add(() -> sent.add("second"));

        list.flush();

        assertEquals(List.of("first", "second", "third", "fourth"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void theLastOfAListIsSentOnceWhenItFlushes() {
        add(() -> {
            sent.add("first");
            add(() -> {
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
        add(() -> sent.add("first"));
        add(() -> {
            throw new IllegalStateException("expected");
        });
        add(() -> sent.add("third"));

        assertThrows(IllegalStateException.class, list::flush);
        list.flush();

        assertEquals(List.of("first", "third"), sent);
        assertTrue(list.isEmpty());
    }

    @Test
    void whatIsListedAgainKeepsItsPlaceAndLosesNoOther() {
        Flushable again = flushable(() -> sent.add("again"));
        list.add(again);
        add(() -> sent.add("second"));
        list.add(again);
        add(() -> sent.add("third"));

        list.flush();

        assertEquals(List.of("again", "second", "third"), sent);
        assertTrue(list.isEmpty());
    }

    private void add(Runnable flush) {
        list.add(flushable(flush));
    }

    private static Flushable flushable(Runnable flush) {
        return new Flushable() {
            @Override
            void flushListed() {
                flush.run();
            }
        };
    }
}
