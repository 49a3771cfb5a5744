/** Floor 0: queues and a timer heap over opaque longs. Plain Java, no native code. */
@NullMarked
package dev.pyloop.queue;

import org.jspecify.annotations.NullMarked;
