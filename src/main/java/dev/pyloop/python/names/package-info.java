/**
 * Floor 5, lowest room: what Python's things are called and how they are laid out: modules and their functions, attributes,
 * slots, and the tables that lead from Python's objects to Java's. Knows CPython, not the engine.
 */
@NullMarked
package dev.pyloop.python.names;

import org.jspecify.annotations.NullMarked;
