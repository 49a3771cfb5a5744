/*
 * Functions that drive Java code (dev.pyloop.memory.Driven): they make the calls that it asks for, so that no Java frame
 * lies under them. A greenlet that is switched away in such a call moves the frames of these functions only. They hold
 * nothing that points into the stack but the request, and a stack that is moved comes back to where it was.
 */
#include "bridge.h"

#include <stddef.h>

typedef long (*call)(long, long, long, long);

/* dev.pyloop.memory.CallRequest */
struct call_request {
    call function;
    long arguments[4];
    long state;
};

static long drive(int number, long argument) {
    struct call_request request = {0};
    graal_thread *thread = pyloop_thread(__builtin_frame_address(0), 0);
    if (thread == NULL) {
        return 0;
    }
    long result = pyloop_begin(thread, number, argument, (long)&request);
    while (request.function != NULL) {
        const long *arguments = request.arguments;
        result = request.function(arguments[0], arguments[1], arguments[2], arguments[3]);
        /* It is the same thread, but it may not be the one that called last. */
        result = pyloop_resume(pyloop_thread(__builtin_frame_address(0), 1), number, result, (long)&request);
    }
    return result;
}

static long drive_0(long argument) {
    return drive(0, argument);
}

/* Called by Java: the address of the function that drives code `number`, which is not negative; 0 if there is none. */
long pyloop_drive(int number) {
    return number == 0 ? (long)drive_0 : 0;
}
