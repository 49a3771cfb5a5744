package dev.pyloop.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Linker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeSymbolsTest {
    @ParameterizedTest
    @ValueSource(strings = {"read", "epoll_create1", "recvmmsg", "sendmmsg", "epoll_wait", "pthread_attr_getstack"})
    void findsWhatJavaFinds(String name) {
        long expected = Linker.nativeLinker().defaultLookup().findOrThrow(name).address();
        assertEquals(expected, NativeSymbols.libc(name));
    }

    @Test
    void aNameEndsWhereItEndsAfterALongerOne() {
        assertEquals(0, NativeSymbols.optionalLibc("a_name_that_is_longer_than_the_next"));
        assertNotEquals(0, NativeSymbols.libc("recvmmsg"));
    }

    @Test
    void whatIsMissingIsNamed() {
        assertEquals(0, NativeSymbols.optionalLibc("no_such_function"));
        IllegalStateException thrown =
                assertThrows(IllegalStateException.class, () -> NativeSymbols.libc("no_such_function"));
        assertEquals("this C library has no no_such_function", thrown.getMessage());
    }
}
