/**
 * Floor 5, middle room: the loop's type, its handles, and the turns of whatever a descriptor is ready for. Joins the engine and
 * CPython; knows no type of transport.
 */
@NullMarked
package dev.pyloop.python.loop;

import org.jspecify.annotations.NullMarked;
