package dev.pyloop.python.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.python.names.PeerAddresses;
import dev.pyloop.transport.DatagramIo;
import dev.pyloop.transport.StreamIo;
import org.jspecify.annotations.Nullable;

/**
 * What the transports of one loop share.
 *
 * <p>Owned by the loop, and closed with it; what transports need to end is usable afterwards, for they may outlive their
 * loop. Guarded by the GIL.
 */
public final class LoopTransports implements AutoCloseable {
    /** As much as asyncio receives at a time. */
    private static final int READ_BUFFER = 256 * 1024;
    /** What a pipe holds, unless somebody has changed that. */
    private static final int WIDE_PIPE_BUFFER = 64 * 1024;

    private final EventLoop engine;
    private final Callbacks callbacks;
    private final PendingSends sends;
    private final DescriptorTable descriptors = new DescriptorTable();
    private final ReadBuffer readBuffer = new ReadBuffer(READ_BUFFER);
    private final ReadBuffer widePipeBuffer = new ReadBuffer(WIDE_PIPE_BUFFER);
    private final PeerAddresses peers = new PeerAddresses();
    private boolean foreign;
    private @Nullable Thread runner;
    private @Nullable StreamIo streamIo;
    private @Nullable DatagramIo datagramIo;

    /** Makes what transports on {@code engine} need, who enter in {@code sends} what they put off. */
    LoopTransports(EventLoop engine, Callbacks callbacks, PendingSends sends) {
        this.engine = engine;
        this.callbacks = callbacks;
        this.sends = sends;
    }

    /** Says which thread runs callbacks now, and sends what they put off; null for none. */
    void setRunner(@Nullable Thread thread) {
        runner = thread;
        if (streamIo != null) {
            streamIo.setRunner(thread);
        }
    }

    /** Returns what the loop's streams share, which is made for the first of them. */
    public StreamIo streamIo() {
        if (streamIo == null) {
            streamIo = new StreamIo(engine, callbacks, sends.streams());
            streamIo.setRunner(runner);
        }
        return streamIo;
    }

    /** Returns what the loop's datagram transports share, which is made for the first of them. */
    public DatagramIo datagramIo() {
        if (datagramIo == null) {
            datagramIo = new DatagramIo(streamIo(), sends.datagrams());
        }
        return datagramIo;
    }

    /** Returns the addresses of those who sent datagrams. */
    public PeerAddresses peers() {
        return peers;
    }

    /** Returns where the loop's streams receive, sockets and pipes. */
    @Inlined
    public ReadBuffer readBuffer() {
        return readBuffer;
    }

    /** Returns where those of the loop's pipes are read into that were made wide. */
    public ReadBuffer widePipeBuffer() {
        return widePipeBuffer;
    }

    /** Returns which descriptors belong to transports. */
    public DescriptorTable descriptors() {
        return descriptors;
    }

    /** Tells whether there was ever a transport that is none of ours, so that Python alone knows its descriptor. */
    boolean hasForeign() {
        return foreign;
    }

    /** Takes note of a transport that is none of ours. */
    void setForeign() {
        foreign = true;
    }

    /** Gives up what nothing needs that outlives the loop. */
    @Override
    public void close() {
        peers.clear();
        readBuffer.close();
        widePipeBuffer.close();
        if (datagramIo != null) {
            datagramIo.close();
        }
    }
}
