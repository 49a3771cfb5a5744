package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Interned;
import dev.pyloop.cpython.Modules;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The Python modules that the engine needs, imported when it starts.
 *
 * <p>Invariant: what static initializers look up here is there, so that none of them runs Python code. One that did could
 * give the GIL up with the lock of its class held, which another thread, with the GIL, may wait for; and an exception in
 * it would make the class unusable for good. Guarded by the GIL.
 */
public final class Imports {
    private static final List<String> MODULES = List.of(
            "_asyncio",
            "_socket",
            "asyncio.base_events",
            "asyncio.events",
            "asyncio.protocols",
            "asyncio.tasks",
            "builtins",
            "pyloop._for_engine.addresses",
            "pyloop._for_engine.callbacks",
            "pyloop._for_engine.datagram_callbacks",
            "pyloop._for_engine.datagram_fields",
            "pyloop._for_engine.errands",
            "pyloop._stock",
            "pyloop._for_engine.stream_callbacks",
            "pyloop._for_engine.stream_fields",
            "time");

    /** The modules by their names, kept for ever. */
    private static final Map<String, Long> IMPORTED = new HashMap<>();

    private Imports() {}

    /** Imports the modules, and makes what they are asked by. May run any Python code, and may be repeated after it has failed. */
    public static void fetch() {
        Interned.prepare(Texts.ALL);
        for (String name : MODULES) {
            if (!IMPORTED.containsKey(name)) {
                IMPORTED.put(name, Objects.importModule(name));
            }
        }
    }

    /** Returns an attribute of a module that was imported. Runs no Python code. */
    public static @Owned long attribute(String module, String name) {
        return Modules.get(imported(module), name);
    }

    /** Tells whether a module that was imported has an attribute. Runs no Python code. */
    static boolean hasAttribute(String module, String name) {
        return Modules.has(imported(module), name);
    }

    /** Returns a module that was imported. */
    public static @Borrowed long module(String name) {
        return imported(name);
    }

    private static @Borrowed long imported(String module) {
        Long object = IMPORTED.get(module);
        if (object == null) {
            throw new IllegalStateException(module + " is not among the modules that are imported at the start");
        }
        return object;
    }
}
