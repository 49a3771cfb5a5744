/** Floor 1: the system calls of the reactor, with their structures and errno. */
@NullMarked
package dev.pyloop.libc;

import org.jspecify.annotations.NullMarked;
