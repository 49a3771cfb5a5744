/*
 * The functions by which C enters Java: each knows its number, finds the calling thread and goes on to
 * dev.pyloop.memory.EntryPoints. Function pointers have no room for such data, so there is one function for each number.
 *
 * Java code does not look whether it has stack enough: its calls of each other are not deep, and whatever else fills the
 * stack comes through here again.
 */
#include "bridge.h"

typedef long (*entry_point)(long, long, long, long);

/* By number: what cannot fail, the garbage collector's functions, enters however little stack there is. */
static char infallible[256];

static __attribute__((noinline)) long enter_unusually(int number, long a, long b, long c, long d) {
    graal_thread *thread = pyloop_find_thread(pyloop_stack_pointer(), infallible[number]);
    return thread != NULL ? pyloop_dispatch(thread, number, a, b, c, d) : 0;
}

static inline long enter(int number, long a, long b, long c, long d) {
    graal_thread *thread = pyloop_last_thread();
    if (__builtin_expect(thread == NULL, 0)) {
        return enter_unusually(number, a, b, c, d);
    }
    return pyloop_dispatch(thread, number, a, b, c, d);
}

#define ENTRY(high, low)                                                                                               \
    static long entry_##high##low(long a, long b, long c, long d) {                                                    \
        return enter(0x##high##low, a, b, c, d);                                                                       \
    }
#define NAME(high, low) entry_##high##low,

#define SIXTEEN(each, high)                                                                                            \
    each(high, 0) each(high, 1) each(high, 2) each(high, 3) each(high, 4) each(high, 5) each(high, 6) each(high, 7)    \
    each(high, 8) each(high, 9) each(high, a) each(high, b) each(high, c) each(high, d) each(high, e) each(high, f)
#define ALL(each)                                                                                                      \
    SIXTEEN(each, 0) SIXTEEN(each, 1) SIXTEEN(each, 2) SIXTEEN(each, 3) SIXTEEN(each, 4) SIXTEEN(each, 5)              \
    SIXTEEN(each, 6) SIXTEEN(each, 7) SIXTEEN(each, 8) SIXTEEN(each, 9) SIXTEEN(each, a) SIXTEEN(each, b)              \
    SIXTEEN(each, c) SIXTEEN(each, d) SIXTEEN(each, e) SIXTEEN(each, f)

ALL(ENTRY)

static const entry_point entries[] = {ALL(NAME)};

#define COUNT ((int)(sizeof entries / sizeof entries[0]))

_Static_assert(COUNT == sizeof infallible, "every entry has its mark");

/* Called by Java: the address of entry `number`, which is not negative; 0 if there are not so many. */
long pyloop_entry(int number, int cannot_fail) {
    if (number >= COUNT) {
        return 0;
    }
    infallible[number] = (char)cannot_fail;
    return (long)entries[number];
}
