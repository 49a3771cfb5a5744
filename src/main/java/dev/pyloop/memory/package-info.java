/** Floor 0: linking to native code and raw memory access. The only user of the foreign linker. */
@NullMarked
package dev.pyloop.memory;

import org.jspecify.annotations.NullMarked;
