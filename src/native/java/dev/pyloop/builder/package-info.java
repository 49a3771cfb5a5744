/**
 * What extends the builder of the native library. It runs while that is built, and is not in it.
 *
 * <p>Beside the floors: it knows of the engine which classes its start initializes, and nothing else.
 */
@NullMarked
package dev.pyloop.builder;

import org.jspecify.annotations.NullMarked;
