/** Floor 5: the types Python sees. The only package that knows both the engine and CPython. */
@NullMarked
package dev.pyloop.python;

import org.jspecify.annotations.NullMarked;
