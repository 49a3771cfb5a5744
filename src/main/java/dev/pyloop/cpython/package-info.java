/** Floor 1: the binding to CPython's C API: references, calls, errors, the GIL and type building. */
@NullMarked
package dev.pyloop.cpython;

import org.jspecify.annotations.NullMarked;
