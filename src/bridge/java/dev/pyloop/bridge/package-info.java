/**
 * What the Java virtual machine of JPype gets to talk to an event loop of Python's: futures, publishers, an executor.
 *
 * <p>A thread of Java's never takes the GIL here: it leaves an {@link dev.pyloop.bridge.Event} in the loop's {@link
 * dev.pyloop.bridge.Mailbox}. Bytecode of Java 11, and nothing but {@code java.base} is needed.
 */
@NullMarked
package dev.pyloop.bridge;

import org.jspecify.annotations.NullMarked;
