package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.TypeBuilder;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The methods of a loop that show what it counts, and have it measure.
 *
 * <p>Called by any thread, with the GIL held. Stateless.
 */
final class Measures implements Methods {
    private static final int METRICS = 0;
    private static final int NOTE_ACCEPTED = 1;
    private static final int MEASURE = 2;

    private Measures() {}

    static void addTo(TypeBuilder type) {
        Measures methods = new Measures();
        type.noArguments("_metrics", methods, METRICS, "Return what is counted, and the two histograms.")
                .noArguments("_note_accepted", methods, NOTE_ACCEPTED, "Count a connection that asyncio accepted.")
                .oneArgument("_measure", methods, MEASURE, "Report calls that take so many nanoseconds; 0 for none.");
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        LoopObject loop = Loops.get(self);
        switch (method) {
            case METRICS -> {
                return metrics(loop);
            }
            case NOTE_ACCEPTED -> loop.engine().metrics().accepted();
            default -> throw new IllegalArgumentException("method " + method);
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, @Borrowed long argument) {
        return switch (method) {
            case MEASURE -> measure(self, argument);
            default -> Methods.super.call(method, self, argument);
        };
    }

    private static @Owned long measure(@Borrowed long self, @Borrowed long nanos) {
        LoopObject loop = Loops.findOwn(self);
        if (loop != null) {
            loop.measure(Numbers.toLongSaturated(nanos));
        }
        return Objects.none();
    }

    private static @Owned long metrics(LoopObject loop) {
        @Owned long counters = Objects.NULL;
        @Owned long lateness = Objects.NULL;
        @Owned long stretches = Objects.NULL;
        try {
            counters = numbers(loop.engine()::showMetrics);
            lateness = numbers(loop.engine().metrics()::showLateness);
            stretches = numbers(loop.engine().metrics()::showStretches);
            return Tuples.of(counters, lateness, stretches);
        } finally {
            References.releaseUnlessNull(counters);
            References.releaseUnlessNull(lateness);
            References.releaseUnlessNull(stretches);
        }
    }

    /** Returns a tuple of what {@code source} shows. */
    private static @Owned long numbers(Consumer<LongConsumer> source) {
        Numbered shown = new Numbered();
        try {
            source.accept(shown);
            return Tuples.of(Arrays.copyOf(shown.objects, shown.count));
        } finally {
            for (int i = 0; i < shown.count; i++) {
                References.release(shown.objects[i]);
            }
        }
    }

    /** Makes Python's numbers, which it owns. */
    private static final class Numbered implements LongConsumer {
        private @Owned long[] objects = new long[64];
        private int count;

        @Override
        public void accept(long value) {
            if (count == objects.length) {
                objects = Arrays.copyOf(objects, 2 * count);
            }
            objects[count] = Numbers.fromLong(value);
            count++;
        }
    }
}
