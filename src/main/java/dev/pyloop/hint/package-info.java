/** Below all floors: what the code tells the compilers. */
@NullMarked
package dev.pyloop.hint;

import org.jspecify.annotations.NullMarked;
