/** Floor 6: the one entry from Python. */
@NullMarked
package dev.pyloop.boot;

import org.jspecify.annotations.NullMarked;
