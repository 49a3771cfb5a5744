package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;
import java.util.function.LongConsumer;

/**
 * What a type tells the cyclic garbage collector: {@code tp_traverse}.
 *
 * <p>It runs in the middle of a collection: it may only read, call {@link Visitor#accept} and return. It must not allocate:
 * if one of the collector's passes failed for want of memory and another did not, what is alive would be taken for garbage.
 */
@FunctionalInterface
public interface Traverse {
    /** Shows {@code visitor} every reference that {@code self} owns. */
    void traverse(@Borrowed long self, Visitor visitor);

    /** The collector's {@code visitproc} during a call of {@link Traverse#traverse}; guarded by the GIL. */
    final class Visitor implements LongConsumer {
        private long visit;
        private long argument;
        private int status;

        /** Begins another call. */
        void begin(long visit, long argument) {
            this.visit = visit;
            this.argument = argument;
            status = 0;
        }

        /** Shows one reference; null pointers and everything after the collector lost interest are left out. */
        @Override
        public void accept(@Borrowed long object) {
            if (object == Objects.NULL || status != 0) {
                return;
            }
            status = (int) NativeFunction.callAt(visit, object, argument);
        }

        int status() {
            return status;
        }
    }
}
