/** Floor 2: the poller contract and the table of watched descriptors. */
@NullMarked
package dev.pyloop.reactor;

import org.jspecify.annotations.NullMarked;
