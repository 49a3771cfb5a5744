package dev.pyloop.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class WatchTableTest {
    @Test
    void countsDescriptorsNotHandles() {
        WatchTable table = new WatchTable();
        assertEquals(WatchTable.NULL_HANDLE, table.replace(3, Interest.READ, 30));
        assertEquals(WatchTable.NULL_HANDLE, table.replace(3, Interest.WRITE, 31));
        assertEquals(1, table.count());
        assertEquals(Interest.READ | Interest.WRITE, table.interest(3));

        assertEquals(30, table.replace(3, Interest.READ, WatchTable.NULL_HANDLE));
        assertEquals(1, table.count());
        assertEquals(Interest.WRITE, table.interest(3));

        assertEquals(31, table.replace(3, Interest.WRITE, WatchTable.NULL_HANDLE));
        assertEquals(0, table.count());
        assertEquals(Interest.NONE, table.interest(3));
    }

    @Test
    void growsForLargeDescriptorsOnlyWhenSomethingIsStored() {
        WatchTable table = new WatchTable();
        int descriptor = 100_000;
        int before = table.limit();
        assertEquals(WatchTable.NULL_HANDLE, table.reader(descriptor));
        assertEquals(WatchTable.NULL_HANDLE, table.replace(descriptor, Interest.READ, WatchTable.NULL_HANDLE));
        assertEquals(before, table.limit());

        assertEquals(WatchTable.NULL_HANDLE, table.replace(descriptor, Interest.READ, 5));
        assertEquals(5, table.reader(descriptor));
        assertEquals(WatchTable.NULL_HANDLE, table.writer(descriptor));
    }

    @Test
    void replacingReturnsWhatWasThere() {
        WatchTable table = new WatchTable();
        assertEquals(WatchTable.NULL_HANDLE, table.replace(1, Interest.READ, 10));
        assertEquals(10, table.replace(1, Interest.READ, 11));
        assertEquals(11, table.reader(1));
        assertEquals(1, table.count());
    }
}
