package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.libc.Errno;
import dev.pyloop.libc.InternetAddress;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.DatagramLayout;
import dev.pyloop.python.names.PeerAddresses;
import dev.pyloop.python.names.SocketLayout;
import dev.pyloop.queue.LongQueue;
import dev.pyloop.transport.DatagramInput;
import dev.pyloop.transport.DatagramOwner;
import dev.pyloop.transport.DatagramSocket;

/**
 * The Java object of one Python datagram transport: its hot paths. All else is asyncio's own code, over the same fields.
 *
 * <p>asyncio receives one datagram in an iteration, so whatever the protocol causes happens before it gets the next. Here
 * many are received at once, and the protocol gets the next in the same turn only if there is nothing that asyncio would
 * do before; what is left is kept, and delivered one iteration later.
 *
 * <p>Owned by the Python object, whose address it borrows and whose socket owns the descriptor. Guarded by the GIL.
 */
final class DatagramObject implements DatagramOwner, Transport {
    /** The number that {@code _conn_lost} is as long as the transport is not closed; the interpreter has only one. */
    private static final @Borrowed long ZERO = Numbers.fromLong(0);

    private static final int NO_DESCRIPTOR = -1;
    /** How often a turn may receive. */
    private static final int MAX_READS = 16;

    /** The most that a datagram of the Internet's can hold, rounded up. */
    private static final int INTERNET_ROOM = 64 * 1024;
    /** Datagrams between processes may be larger; asyncio receives so much. */
    private static final int LOCAL_ROOM = 256 * 1024;

    private static final Turn.Step DELIVERED = DatagramObject::goOn;

    private final @Borrowed long self;
    private final LoopObject loop;
    private final int family;
    /** Whether addresses are the Internet's; if not, those in {@link #received} are still the kernel's, in a bytes. */
    private final boolean internet;

    private final boolean connected;
    private final DatagramSocket socket;
    /** Datagrams that were received and not delivered yet: each a bytes and an address, both owned. */
    private final LongQueue received = new LongQueue();

    /**
     * Makes the Java side of {@code self}.
     *
     * @param family of the socket's addresses
     * @param connected whether the socket has a peer that all is sent to
     */
    DatagramObject(@Borrowed long self, LoopObject loop, int descriptor, int family, boolean connected) {
        this.self = self;
        this.loop = loop;
        this.family = family;
        this.connected = connected;
        internet = InternetAddress.size(family) != 0;
        int room = internet ? INTERNET_ROOM : LOCAL_ROOM;
        socket = new DatagramSocket(loop.transports().datagramIo(), descriptor, this, self | Sources.DATAGRAM, room);
    }

    /** Begins to read, in the context that is current now. */
    void startReading() {
        DatagramLayout.set(self, DatagramLayout.READ_CONTEXT, Contexts.copyCurrent(loop.threadState()));
        socket.startReading();
        goOnLater();
    }

    /** Reads, as the poller found something to read or there is something left of what was read. */
    boolean readable(Turn turn) {
        if (!socket.beginTurn()) {
            return false;
        }
        @Borrowed long context = DatagramLayout.get(self, DatagramLayout.READ_CONTEXT);
        if (!Contexts.tryEnter(loop.threadState(), context)) {
            throw PythonException.PENDING;
        }
        turn.entered(References.retain(context));
        turn.source = this;
        return (!received.isEmpty() || receive(turn)) && deliver(turn);
    }

    @Override
    public LoopObject loop() {
        return loop;
    }

    /**
     * Sends a datagram if all is as usual.
     *
     * @param address the destination; {@code None} for the connected peer
     * @return false if nothing was done, because asyncio's own code is to do it
     */
    boolean send(@Borrowed long data, @Borrowed long address) {
        if (!Bytes.isBytes(data) || Bytes.size(data) == 0 || !isSimple() || openDescriptor() == NO_DESCRIPTOR) {
            return false;
        }
        @Borrowed long fixed = DatagramLayout.get(self, DatagramLayout.ADDRESS);
        long name = loop.transports().datagramIo().name();
        int nameLength = 0;
        if (connected) {
            if (fixed != Objects.NONE && address != Objects.NONE && address != fixed) {
                return false;
            }
        } else {
            nameLength = fixed == Objects.NONE ? loop.transports().peers().toKernel(family, address, name) : 0;
            if (nameLength == 0) {
                return false;
            }
        }
        long result = socket.send(
                Bytes.address(data),
                Bytes.size(data),
                name,
                nameLength,
                References.retain(data),
                References.retain(address));
        if (result == 0) {
            return true;
        }
        References.release(data);
        References.release(address);
        if (Errno.saysLater(result)) {
            return false;
        }
        DatagramFunctions.reportError(this, (int) -result);
        return true;
    }

    /**
     * Sends what waits, unless what is sent now will wait behind it; false if errands are to be run first: what waits may fail,
     * and the program hear of it.
     */
    boolean beginSend() {
        socket.beginSend();
        return loop.errands().isEmpty();
    }

    /** Sends what waits for the end of the callback. */
    void flush() {
        socket.flush();
    }

    @Override
    @Borrowed
    public long self() {
        return self;
    }

    /** Drops what was received: the protocol is not to hear of it any more. */
    void drop() {
        while (!received.isEmpty()) {
            References.release(received.poll());
        }
    }

    @Override
    public void releaseChunk(@Owned long object) {
        References.release(object);
    }

    /** The program may have closed the socket it made the transport of; the number may name another file by now. */
    @Override
    public int openDescriptor() {
        return DatagramLayout.has(self, DatagramLayout.SOCKET)
                ? SocketLayout.descriptor(DatagramLayout.get(self, DatagramLayout.SOCKET))
                : NO_DESCRIPTOR;
    }

    @Override
    public void retain() {
        References.retain(self);
    }

    @Override
    public void release() {
        References.release(self);
    }

    @Override
    public void sendFailed(int errno) {
        DatagramFunctions.reportDeferredError(this, errno);
    }

    @Override
    public void sendNow(@Borrowed long data, @Borrowed long destination) {
        DatagramFunctions.sendDeferred(this, data, destination);
    }

    private static DatagramObject of(Turn turn) {
        if (turn.source instanceof DatagramObject transport) {
            return transport;
        }
        throw new IllegalStateException("not the turn of a datagram transport");
    }

    /** Takes datagrams from the socket; false if there was nothing but perhaps an error. */
    private boolean receive(Turn turn) {
        turn.reads++;
        int count = socket.receive();
        if (count < 0) {
            if (!Errno.saysLater(count)) {
                DatagramFunctions.reportReadError(this, -count);
            }
            return false;
        }
        DatagramInput input = loop.transports().datagramIo().input();
        // Both or none of a datagram and its address.
        received.reserve(2 * count);
        for (int i = 0; i < count; i++) {
            @Owned
            long address = internet
                    ? loop.transports().peers().toPython(input.name(i), input.nameLength(i))
                    : Bytes.copyOf(input.name(i), input.nameLength(i));
            loop.engine().metrics().receivedBytes(input.length(i));
            received.add(copyOrRelease(input, i, address));
            received.add(address);
        }
        return count > 0;
    }

    /** Returns datagram {@code index} as bytes; where there is no memory for it, gives its address up. */
    private static @Owned long copyOrRelease(DatagramInput input, int index, @Owned long address) {
        try {
            return Bytes.copyOf(input.data(index), input.length(index));
        } catch (PythonException e) {
            References.release(address);
            throw e;
        }
    }

    /** Asks for a call of {@code datagram_received} with the next of what was received. */
    private boolean deliver(Turn turn) {
        boolean asks = false;
        try {
            @Owned long local = Objects.NULL;
            if (!internet) {
                local = decodeNext();
                if (local == Objects.NULL) {
                    return false;
                }
            }
            @Owned long data = received.poll();
            @Owned long address = received.poll();
            if (!internet) {
                References.release(address);
                address = local;
            }
            turn.callMethod(
                    DatagramLayout.get(self, DatagramLayout.PROTOCOL),
                    DatagramFunctions.DATAGRAM_RECEIVED,
                    data,
                    address,
                    DELIVERED);
            asks = true;
            return true;
        } finally {
            if (!asks) {
                end(turn, false);
            }
        }
    }

    /**
     * Returns the address of the next datagram, of a Unix socket; NULL if that was dropped meanwhile. Python code makes it, where
     * a signal may interrupt, and any code of the program's run: nothing is taken before.
     */
    private @Owned long decodeNext() {
        @Owned long raw = References.retain(received.get(1));
        try {
            @Owned long local = PeerAddresses.decode(raw);
            if (!received.isEmpty() && received.get(1) == raw) {
                return local;
            }
            References.release(local);
            return Objects.NULL;
        } finally {
            References.release(raw);
        }
    }

    private static boolean goOn(Turn turn, @Owned long result) {
        return of(turn).delivered(turn, result);
    }

    /** Goes on with the next as long as asyncio would do nothing else before. */
    private boolean delivered(Turn turn, @Owned long result) {
        boolean goesOn = false;
        boolean undisturbed = false;
        try {
            if (result == Objects.NULL) {
                DatagramFunctions.reportFailedReader(this);
            } else {
                References.release(result);
                boolean idle = loop.engine().isIdle();
                undisturbed = received.isEmpty() && idle;
                goesOn = idle && socket.isReading() && (!received.isEmpty() || receiveMore(turn));
            }
        } finally {
            if (!goesOn) {
                end(turn, undisturbed);
            }
        }
        return goesOn && deliver(turn);
    }

    /**
     * Receives again what came meanwhile, if a poll could find nothing else, for it would find this. Not for ever: signals
     * wait for a poll.
     */
    private boolean receiveMore(Turn turn) {
        if (turn.reads == 0 || turn.reads >= MAX_READS || !socket.mayReceiveMore()) {
            return false;
        }
        // The peer may wait for this before it sends more.
        loop.flushDatagrams();
        if (!loop.errands().isEmpty()) {
            return false;
        }
        socket.endTurn(true);
        boolean moreCame = receive(turn);
        socket.noteMore(moreCame);
        return moreCame;
    }

    /** Ends the turn. */
    private void end(Turn turn, boolean undisturbed) {
        if (turn.reads != 0) {
            socket.endTurn(undisturbed);
        }
        goOnLater();
    }

    private void goOnLater() {
        if (!received.isEmpty() && socket.isReading()) {
            loop.queueSourceAtPoll(self, Sources.DATAGRAM);
        }
    }

    /** Tells whether the transport is not closed and nothing that was sent before waits for room. */
    private boolean isSimple() {
        return DatagramLayout.get(self, DatagramLayout.LOST) == ZERO
                && Objects.length(DatagramLayout.get(self, DatagramLayout.BUFFER)) == 0;
    }
}
