package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.loop.Source;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.StreamLayout;

/** The turns of stream transports: what they do when their descriptor is ready. Stateless; called with the GIL held. */
final class StreamTurns implements Source {
    private StreamTurns() {}

    /** Has stream transports have turns. */
    static void enter() {
        StreamTurns turns = new StreamTurns();
        Sources.enter(Sources.READ, turns);
        Sources.enter(Sources.WRITE, turns);
        Sources.enter(Sources.START_READING, turns);
    }

    @Override
    public boolean isOf(@Borrowed long object) {
        return Streams.isStream(object);
    }

    @Override
    public boolean begin(Turn turn, @Borrowed long object, int kind) {
        StreamObject transport = Streams.get(object);
        if (kind == Sources.READ) {
            return read(transport, turn);
        }
        if (kind == Sources.WRITE) {
            transport.writable(turn);
        } else {
            transport.startReading();
        }
        return false;
    }

    @Inlined
    private static boolean read(StreamObject transport, Turn turn) {
        // What was written before is sent before: an error shows to whom it shows on asyncio.
        transport.stream().flushListed();
        if (!transport.loop().errands().isEmpty()) {
            return transport.loop().runErrands(turn, Sources.BEGIN_AGAIN);
        }
        if (!transport.stream().isReadable()) {
            return false;
        }
        turn.entered(StreamContexts.enter(transport.loop(), transport.self(), StreamLayout.READ_CONTEXT));
        turn.source = transport;
        return switch (transport.kind()) {
            case READ_PIPE -> PipeInput.read(transport, turn);
            case WRITE_PIPE -> {
                StreamFunctions.peerClosed(transport);
                yield false;
            }
            case SOCKET ->
                transport.isBuffered() ? BufferedInput.begin(transport, turn) : StreamInput.read(transport, turn);
        };
    }
}
