/** Floor 3: the event loop itself. It knows neither Python nor the kind of its callbacks. */
@NullMarked
package dev.pyloop.loop;

import org.jspecify.annotations.NullMarked;
