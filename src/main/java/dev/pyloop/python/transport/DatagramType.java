package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.loop.Arguments;
import dev.pyloop.python.loop.ErrandMethod;
import dev.pyloop.python.loop.ErrandMethods;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.Loops;
import dev.pyloop.python.loop.Source;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.DatagramLayout;
import dev.pyloop.python.names.Docs;
import org.jspecify.annotations.Nullable;

/**
 * {@code pyloop._engine.DatagramTransport}: the methods of a transport that run per datagram.
 *
 * <p>A base class for {@code pyloop._transports.datagrams.DatagramTransport}, between that and asyncio's own. Guarded by the GIL.
 */
final class DatagramType implements ErrandMethods, Source {
    private static final int OPEN = 0;
    private static final int WATCH = 1;
    private static final int SENDTO = 2;
    private static final int FLUSH = 3;
    private static final int DROP = 4;
    private static final int RELEASE = 5;

    private DatagramType() {}

    /** Builds the type. */
    static @Owned long build() {
        DatagramFunctions.prepare();
        StreamFunctions.prepare();
        DatagramType methods = new DatagramType();
        long built = new TypeBuilder(
                        "pyloop._engine.DatagramTransport", Types.basicSize(DatagramLayout.TYPE) + Long.BYTES)
                .subclassable()
                .doc("The engine of PyLoop's datagram transports, in Java. Not to be used alone.")
                .keywords("_open", methods, OPEN, "Make the engine's side, for a loop and a socket described.")
                .noArguments("_watch", methods, WATCH, "Begin to read.")
                .drivenKeywords("sendto", new ErrandMethod(methods, SENDTO, true), Docs.SENDTO)
                .driven(
                        "_flush",
                        new ErrandMethod(methods, FLUSH, false),
                        "Send what waits for the end of the callback.")
                .noArguments("_drop", methods, DROP, "Drop what was received and not delivered.")
                .noArguments("_release", methods, RELEASE, "End the engine's side.")
                .build(DatagramLayout.TYPE);
        Datagrams.setType(built);
        Sources.enter(Sources.DATAGRAM, methods);
        return built;
    }

    @Override
    @Inlined
    public @Nullable LoopObject loopOf(@Borrowed long self) {
        DatagramObject transport = Datagrams.find(self);
        return transport == null ? null : transport.loop();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        switch (method) {
            case OPEN -> open(self, arguments, count);
            case SENDTO -> {
                return sendTo(self, arguments, count, names);
            }
            default -> {
                return ErrandMethods.super.call(method, self, arguments, count, names);
            }
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        DatagramObject transport = Datagrams.find(self);
        if (transport == null) {
            // It was finalized; its callers have nothing to lose.
            return Objects.none();
        }
        switch (method) {
            case WATCH -> watch(transport);
            case FLUSH -> transport.flush();
            case DROP -> transport.drop();
            case RELEASE -> {
                transport.drop();
                Datagrams.leave(self);
            }
            default -> throw new IllegalArgumentException("method " + method);
        }
        return Objects.none();
    }

    @Override
    public boolean isOf(@Borrowed long object) {
        return Datagrams.isDatagramTransport(object);
    }

    @Override
    public boolean begin(Turn turn, @Borrowed long object, int kind) {
        return Datagrams.get(object).readable(turn);
    }

    private static long sendTo(long self, long arguments, long count, long names) {
        DatagramObject transport = Datagrams.find(self);
        if (transport == null) {
            return DatagramFunctions.send(self, arguments, count, names);
        }
        if (names == Objects.NULL && (count == 1 || count == 2)) {
            if (!transport.beginSend()) {
                return ErrandMethod.AGAIN;
            }
            long address = count == 1 ? Objects.NONE : Memory.getLong(arguments + Long.BYTES);
            if (transport.send(Memory.getLong(arguments), address)) {
                return Objects.none();
            }
        }
        // In the order in which the program sends.
        transport.flush();
        DatagramFunctions.send(transport, arguments, count, names);
        return Objects.none();
    }

    private static void watch(DatagramObject transport) {
        try {
            transport.startReading();
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
    }

    private static void open(long self, long arguments, long count) {
        if (count != 4 || Datagrams.find(self) != null) {
            throw PythonException.typeError(
                    "expected a loop, a descriptor, a family and whether there is a peer, once");
        }
        LoopObject loop = Loops.get(Arguments.loop(Memory.getLong(arguments)));
        int descriptor = (int) Numbers.toLong(Memory.getLong(arguments + Long.BYTES));
        int family = (int) Numbers.toLong(Memory.getLong(arguments + 2 * Long.BYTES));
        boolean connected = Objects.isTrue(Memory.getLong(arguments + 3 * Long.BYTES));
        Datagrams.enter(self, new DatagramObject(self, loop, descriptor, family, connected));
    }
}
