package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * A zeroed block of native memory with one owner, who closes it once.
 *
 * <p>From the C library's heap rather than from an arena: closing a shared arena stops every Java thread, and a confined
 * one can be closed only by the thread that opened it. Any thread may use and close it; the owner orders its use.
 */
public final class NativeBuffer implements AutoCloseable {
    private static final NativeFunction CALLOC = NativeFunction.at(NativeSymbols.libc("calloc"));
    private static final NativeFunction FREE = NativeFunction.at(NativeSymbols.libc("free"));
    private static final long ALIGNMENT = 16;
    private static final long FREED = 0;

    private long address;

    /** Allocates {@code size} bytes, zeroed and aligned to 16. */
    public NativeBuffer(long size) {
        address = CALLOC.call(Math.max(size, 1), 1);
        if (address == 0) {
            throw new OutOfMemoryError("calloc of " + size + " bytes");
        }
    }

    /** Allocates a copy of {@code text}, zero-terminated and in UTF-8. */
    public static NativeBuffer of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeBuffer buffer = new NativeBuffer(bytes.length + 1L);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, Memory.view(buffer.address, bytes.length), 0, bytes.length);
        return buffer;
    }

    /** Returns the address of the first byte. */
    public long address() {
        assert address != FREED;
        return address;
    }

    @Override
    public void close() {
        long freed = address;
        address = FREED;
        FREE.call(freed);
    }

    /** Allocates {@code size} zeroed bytes that live as long as the process, and returns their address. */
    public static long immortal(long size) {
        return Arena.global().allocate(size, ALIGNMENT).address();
    }

    /** Copies {@code text} as a zero-terminated UTF-8 string that lives as long as the process. */
    public static long immortalString(String text) {
        return Arena.global().allocateFrom(text).address();
    }
}
