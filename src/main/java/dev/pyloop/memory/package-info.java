/**
 * Floor 0: native functions and raw memory.
 *
 * <p>{@code Memory}, {@code Downcalls}, {@code EntryPoints} and {@code ErrnoState} exist twice with one contract: over
 * {@code java.lang.foreign} in {@code src/jvm}, over GraalVM's word types in {@code src/native}. Each build takes one of the
 * two; nothing above this package can tell which.
 */
@NullMarked
package dev.pyloop.memory;

import org.jspecify.annotations.NullMarked;
