package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.libc.Transfers;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.ReadBuffer;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.SocketLayout;
import dev.pyloop.python.names.StreamLayout;
import dev.pyloop.python.names.StreamMessages;
import dev.pyloop.python.names.StreamNames;
import dev.pyloop.transport.Stream;
import dev.pyloop.transport.StreamIo;
import dev.pyloop.transport.StreamOwner;

/**
 * The Java object of one Python stream transport.
 *
 * <p>Owned by the Python object, whose address it borrows and in whose slots ({@link StreamLayout}) the references are
 * kept. It owns the descriptor unless the Python object has a socket, which then does. Guarded by the GIL.
 */
final class StreamObject implements StreamOwner, Transport {
    private static final @Borrowed long BUFFERED_PROTOCOL = Imports.attribute("asyncio.protocols", "BufferedProtocol");

    private final @Borrowed long self;
    private final LoopObject loop;
    private final Stream stream;
    private final int descriptor;
    private final StreamKind kind;
    private boolean widenable;
    private boolean wide;
    private boolean closed;
    /** The socket that last turned out to own the descriptor; not a reference. */
    private @Borrowed long knownSocket = Objects.NULL;

    /** The context of what was written and is to be sent at the end of the iteration. */
    private @Owned long writeContext = Objects.NULL;

    private boolean buffered;
    private boolean paused;
    private int droppedWrites;
    private byte[] peer = {};
    private byte[] local = {};

    /** The argument of connection_lost. */
    private @Owned long lostBy = References.retain(Objects.NONE);

    /** Makes the transport of {@code descriptor}; {@code self} is the Python object that will own this one. */
    StreamObject(@Borrowed long self, LoopObject loop, int descriptor, StreamKind kind) {
        this.self = self;
        this.loop = loop;
        this.descriptor = descriptor;
        this.kind = kind;
        StreamIo io = loop.transports().streamIo();
        Transfers transfers = kind == StreamKind.SOCKET ? io.calls() : io.pipeCalls();
        stream = new Stream(io, transfers, descriptor, this);
        StreamLayout.set(self, StreamLayout.CLOSING, Objects.bool(false));
    }

    /** Tells the loop whose the descriptor is; once the Python object has this one, which takes it back in the end. */
    void claimDescriptor() {
        if (kind == StreamKind.SOCKET) {
            loop.engine().metrics().opened();
            loop.transports().descriptors().put(descriptor, self);
        }
    }

    @Override
    @Borrowed
    public long self() {
        return self;
    }

    @Override
    public LoopObject loop() {
        return loop;
    }

    Stream stream() {
        return stream;
    }

    /** Returns the descriptor, which may be another file's once this transport is closed. */
    int descriptor() {
        return descriptor;
    }

    /** Tells whether the descriptor was closed. */
    boolean isClosed() {
        return closed;
    }

    /** Returns the protocol; {@code None} once the connection is over. */
    @Borrowed
    long protocol() {
        return StreamLayout.get(self, StreamLayout.PROTOCOL);
    }

    /** Returns the peer's address as the kernel gave it when the connection was accepted. */
    byte[] peer() {
        return peer;
    }

    /** Returns the address of this end of an accepted connection, as the kernel gave it. */
    byte[] local() {
        return local;
    }

    void setAddresses(byte[] peer, byte[] local) {
        this.peer = peer;
        this.local = local;
    }

    /** Gives the transport another protocol, which hears of all that comes from now on. */
    void setProtocol(@Borrowed long protocol) {
        buffered = Objects.isInstance(protocol, BUFFERED_PROTOCOL);
        StreamLayout.set(self, StreamLayout.PROTOCOL, References.retain(protocol));
    }

    /** Begins to read in the next iteration, in the context that is current now. */
    void startReadingSoon() {
        StreamContexts.keep(loop, self, StreamLayout.READ_CONTEXT);
        loop.queueSource(self, Sources.START_READING);
    }

    /** Begins to read, unless the protocol did not want to when it learned that it is connected. */
    void startReading() {
        if (isReading()) {
            if (kind == StreamKind.WRITE_PIPE) {
                stream.watchPeer();
            } else {
                stream.startReading();
            }
        }
    }

    boolean isReading() {
        return !paused && !stream.isClosing();
    }

    void pauseReading() {
        if (isReading()) {
            paused = true;
            stream.stopReading();
            logInDebugMode(StreamMessages.PAUSES_READING);
        }
    }

    void resumeReading() {
        if (paused && !stream.isClosing()) {
            paused = false;
            if (loop.isClosed()) {
                throw PythonException.runtimeError("Event loop is closed");
            }
            stream.startReading();
            logInDebugMode(StreamMessages.RESUMES_READING);
        }
    }

    /** Returns how many bytes can be received, as far as the system says so. */
    int available() {
        return loop.transports().streamIo().calls().available(openDescriptor());
    }

    /** Receives up to {@code size} bytes at {@code address}; 0 at the end, or the negated errno. */
    long receive(long address, long size) {
        return stream.receive(address, size);
    }

    /** Tells whether the protocol provides the buffers to read into. */
    boolean isBuffered() {
        return buffered;
    }

    /** Returns what it sends and receives by. */
    StreamKind kind() {
        return kind;
    }

    /** Writes on, as the poller found room. */
    void writable(Turn turn) {
        turn.entered(StreamContexts.enter(loop, self, StreamLayout.WRITE_CONTEXT));
        stream.writable();
    }

    /** Sends what waits for the end of the iteration, before something else is done; false if errands are to be run first. */
    boolean sendFirst() {
        stream.flushNow();
        return loop.errands().isEmpty();
    }

    /** Ends the connection at once; {@code exception} is what connection_lost is called with. */
    void forceClose(@Borrowed long exception) {
        if (!stream.isLost()) {
            long previous = lostBy;
            lostBy = References.retain(exception);
            References.release(previous);
            stream.abort();
        }
    }

    /** Takes note that the descriptor is given up, and closes it if it is this transport's own. */
    void giveUpDescriptor() {
        if (closed) {
            return;
        }
        closed = true;
        if (kind == StreamKind.SOCKET) {
            loop.engine().metrics().lost();
        }
        loop.transports().descriptors().remove(descriptor, self);
        if (!StreamLayout.has(self, StreamLayout.SOCKET)) {
            loop.transports().streamIo().calls().close(descriptor);
        }
    }

    /** Gives up the rest; the destructor calls this last. */
    void dispose() {
        if (!closed && kind == StreamKind.SOCKET) {
            loop.engine().metrics().lost();
        }
        References.release(lostBy);
        lostBy = Objects.NULL;
    }

    /** Tells whether what is written now is dropped. */
    boolean isWritingOver() {
        return stream.isLost() || (kind == StreamKind.WRITE_PIPE && stream.isClosing());
    }

    /** Counts a write that is dropped, and returns how many there were before. A failure counts as one, as asyncio has it. */
    int countLostWrite() {
        return kind == StreamKind.SOCKET ? stream.countLostWrite() : droppedWrites++;
    }

    /** Lets the pipe hold more once it turns out to be too small. */
    void setWidenable() {
        widenable = true;
    }

    /** Notes that the pipe is small for what goes through it. */
    void widen() {
        if (widenable) {
            widenable = false;
            wide = true;
            StreamFunctions.widen(this);
        }
    }

    /**
     * Returns where the pipe is read into. A wide one lets its ends wait less for each other; what is handed on at a time
     * stays what a usual one holds, because more has a {@code StreamReader} pause, and move what it keeps.
     */
    ReadBuffer pipeBuffer() {
        return wide ? loop.transports().widePipeBuffer() : loop.transports().readBuffer();
    }

    void logInDebugMode(@Borrowed long format) {
        if (loop.isDebug()) {
            StreamFunctions.logEvent(this, format);
        }
    }

    @Override
    public void releaseChunk(@Owned long bytes) {
        References.release(bytes);
    }

    /** The program may have closed the socket it made the transport of; the number may name another file by now. */
    @Override
    public int openDescriptor() {
        long socket = StreamLayout.get(self, StreamLayout.SOCKET);
        if (socket == Objects.NULL || socket == Objects.NONE) {
            return descriptor;
        }
        if (socket != knownSocket) {
            if (!SocketLayout.isSocketOf(socket, descriptor)) {
                return descriptor;
            }
            knownSocket = socket;
        }
        return SocketLayout.descriptor(socket);
    }

    @Override
    public long readHandle() {
        return self | Sources.READ;
    }

    @Override
    public long writeHandle() {
        return self | Sources.WRITE;
    }

    @Override
    public void closing() {
        StreamLayout.set(self, StreamLayout.CLOSING, Objects.bool(true));
    }

    @Override
    public void putOff() {
        writeContext = Contexts.copyCurrent(loop.threadState());
        References.retain(self);
    }

    @Override
    public @Owned long beginFlush() {
        @Owned long context = writeContext;
        writeContext = Objects.NULL;
        boolean entered = Contexts.tryEnter(loop.threadState(), context);
        assert entered : "nobody else has it";
        return context;
    }

    @Override
    public void endFlush(@Owned long context) {
        Contexts.exit(loop.threadState(), context);
        Contexts.release(context);
        References.release(self);
    }

    @Override
    public void pauseWriting() {
        StreamFunctions.pauseWriting(this);
    }

    @Override
    public void resumeWriting() {
        StreamFunctions.resumeWriting(this);
    }

    /** Calls the method that the program may have put on this transport to tell the size. */
    @Override
    public long writeBufferSize(long size) {
        if (StreamLayout.get(self, StreamLayout.DICT) == Objects.NULL) {
            return size;
        }
        long told = Calls.callMethod(self, StreamNames.GET_WRITE_BUFFER_SIZE);
        try {
            return Numbers.toLongSaturated(told);
        } finally {
            References.release(told);
        }
    }

    @Override
    public void writingBlocked() {
        StreamContexts.keep(loop, self, StreamLayout.WRITE_CONTEXT);
        widen();
    }

    @Override
    public void writeFailed(int errno, int lostChunks) {
        droppedWrites++;
        Errors.setOsError(errno);
        StreamFunctions.failWrite(this, lostChunks);
    }

    @Override
    public void drained() {
        if (StreamLayout.has(self, StreamLayout.EMPTY_WAITER)) {
            StreamFunctions.endEmptyWaiter(this);
        }
    }

    @Override
    public void connectionLost() {
        StreamFunctions.connectionLost(this);
    }

    @Override
    public void connectionLostSoon() {
        // Given up here: its traceback may refer to this transport, and the collector does not see this reference.
        @Owned long exception = lostBy;
        lostBy = References.retain(Objects.NONE);
        long callback = Objects.getAttribute(self, StreamNames.CALL_CONNECTION_LOST);
        try {
            loop.callSoon(callback, exception, StreamLayout.get(self, StreamLayout.CONTEXT));
        } finally {
            References.release(callback);
            References.release(exception);
        }
    }
}
