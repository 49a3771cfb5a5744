package dev.pyloop.python.transport;

import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.python.loop.TransportTypes;

/** All types of transports. Stateless; called with the GIL held. */
public final class Transports implements TransportTypes {
    @Override
    public @Owned long buildStreams() {
        long stream = StreamType.build();
        long acceptor = AcceptorType.build();
        long types = Tuples.of(stream, acceptor);
        References.release(stream);
        References.release(acceptor);
        return types;
    }

    @Override
    public @Owned long buildDatagrams() {
        return DatagramType.build();
    }
}
