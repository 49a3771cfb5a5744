package dev.pyloop.memory;

import java.nio.charset.StandardCharsets;

/**
 * A zeroed block of native memory with one owner, who closes it once.
 *
 * <p>From the C library's heap, so that any thread may close it. Any thread may use it; the owner orders its use.
 */
public final class NativeBuffer implements AutoCloseable {
    private static final NativeFunction CALLOC = NativeFunction.at(NativeSymbols.libc("calloc"));
    private static final NativeFunction FREE = NativeFunction.at(NativeSymbols.libc("free"));
    private static final long FREED = 0;

    private long address;

    /** Allocates {@code size} bytes, zeroed and aligned to 16. */
    public NativeBuffer(long size) {
        address = allocate(size);
    }

    /** Allocates a copy of {@code text}, zero-terminated and in UTF-8. */
    public static NativeBuffer of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeBuffer buffer = new NativeBuffer(bytes.length + 1L);
        Memory.putBytes(buffer.address, bytes);
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
        free(freed);
    }

    /** Allocates {@code size} zeroed bytes that live as long as the process, and returns their address. */
    public static long immortal(long size) {
        return allocate(size);
    }

    /** Copies {@code text} as a zero-terminated UTF-8 string that lives as long as the process. */
    public static long immortalString(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long address = allocate(bytes.length + 1L);
        Memory.putBytes(address, bytes);
        return address;
    }

    /** Allocates {@code size} zeroed bytes, for the caller to give to {@link #free}. */
    static long allocate(long size) {
        long address = CALLOC.call(Math.max(size, 1), 1);
        if (address == 0) {
            throw new OutOfMemoryError("calloc of " + size + " bytes");
        }
        return address;
    }

    static void free(long address) {
        FREE.call(address);
    }
}
