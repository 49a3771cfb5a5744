package dev.pyloop.python.loop;

import dev.pyloop.cpython.Owned;

/** Builds the types of transports, which stand above the loop's. Called with the GIL held, once each. */
public interface TransportTypes {
    /** Returns a tuple of the type of stream transports and that of acceptors. */
    @Owned
    long buildStreams();

    /** Returns the type of datagram transports. */
    @Owned
    long buildDatagrams();
}
