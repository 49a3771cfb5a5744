/**
 * Floor 5, upper room: the types of transports: streams over sockets and pipes, acceptors, datagrams.
 */
@NullMarked
package dev.pyloop.python.transport;

import org.jspecify.annotations.NullMarked;
