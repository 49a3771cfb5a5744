/** Floor 4: transports over the reactor, for any language: what is to be sent is memory, what it belongs to a token. */
@NullMarked
package dev.pyloop.transport;

import org.jspecify.annotations.NullMarked;
