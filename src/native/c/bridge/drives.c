/*
 * Functions that drive Java code (dev.pyloop.memory.Driven): they make the calls that it asks for, so that no Java frame
 * lies under them. A greenlet that is switched away in such a call moves the frames of these functions only. They hold
 * nothing that points into the stack but the request, and a stack that is moved comes back to where it was.
 */
#include "bridge.h"

#include <stddef.h>

typedef long (*call)(long, long, long, long, long);
typedef long (*driving)(long, long, long, long);

/* dev.pyloop.memory.CallRequest */
struct call_request {
    call function;
    long arguments[5];
    long parameters[4];
    long state;
};

static inline long drive(int number, long a, long b, long c, long d) {
    struct call_request request;
    graal_thread *thread = pyloop_last_thread();
    if (__builtin_expect(thread == NULL, 0)) {
        thread = pyloop_find_thread(pyloop_stack_pointer(), 0);
        if (thread == NULL) {
            return 0;
        }
    }
    request.function = NULL;
    request.parameters[0] = a;
    request.parameters[1] = b;
    request.parameters[2] = c;
    request.parameters[3] = d;
    request.state = 0;
    long result = pyloop_begin(thread, number, (long)&request);
    while (request.function != NULL) {
        const long *arguments = request.arguments;
        result = request.function(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
        /* It is the same thread as at the beginning. */
        result = pyloop_resume(thread, number, result, (long)&request);
    }
    return result;
}

/* As in entries.c: function pointers have no room for data, so there is one function for each number. */
#define DRIVE(number)                                                                                                  \
    static long drive_##number(long a, long b, long c, long d) {                                                       \
        return drive(number, a, b, c, d);                                                                              \
    }
#define NAME(number) drive_##number,
#define ALL(each)                                                                                                      \
    each(0) each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11) each(12)         \
    each(13) each(14) each(15) each(16) each(17) each(18) each(19) each(20) each(21) each(22) each(23) each(24)        \
    each(25) each(26) each(27) each(28) each(29) each(30) each(31)

ALL(DRIVE)

static const driving drives[] = {ALL(NAME)};

/* Called by Java: the address of the function that drives code `number`, which is not negative; 0 if there is none. */
long pyloop_drive(int number) {
    return number < (int)(sizeof drives / sizeof drives[0]) ? (long)drives[number] : 0;
}
