package dev.pyloop.cpython;

import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Interned strings that are made when the engine starts.
 *
 * <p>Static initializers look attributes up by them. A string that was made there might find no memory, and the class would
 * be unusable for good. Callers hold the GIL.
 */
public final class Interned {
    /** The strings by their texts, kept for ever. */
    private static final Map<String, Long> STRINGS = new HashMap<>();

    private Interned() {}

    /** Makes the strings of {@code texts}. May be repeated after it has failed. */
    public static void prepare(List<String> texts) {
        for (String text : texts) {
            if (!STRINGS.containsKey(text)) {
                STRINGS.put(text, make(text));
            }
        }
    }

    /** Returns the string of {@code text}, which is made if it was not at the start. */
    static @Owned long get(String text) {
        Long known = STRINGS.get(text);
        return known == null ? make(text) : References.retain(known);
    }

    private static @Owned long make(String text) {
        NativeFunction intern = Interpreter.function("PyUnicode_InternFromString");
        try (NativeBuffer copy = NativeBuffer.of(text)) {
            return Errors.check(intern.call(copy.address()));
        }
    }
}
