/** Floor 0: ready queue, timer heap and inbox over opaque longs. Plain Java, no native code. */
@NullMarked
package dev.pyloop.queue;

import org.jspecify.annotations.NullMarked;
