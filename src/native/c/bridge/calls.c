/*
 * System calls by a pointer to the C library's function, called by Java (dev.pyloop.memory.Downcalls). They answer what
 * the function answers, or the negated errno if that is negative: errno is read before anything else can change it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>

typedef long (*call_long)(long, long, long, long, long, long);
typedef int (*call_int)(long, long, long, long, long, long);
typedef void *(*release_lock)(void);
typedef void (*acquire_lock)(void *);

/* Called by Java: where dlsym is. */
long pyloop_dlsym(void) {
    return (long)dlsym;
}

long pyloop_system_call(long function, long a, long b, long c, long d, long e, long f) {
    long result = ((call_long)function)(a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

int pyloop_system_call_int(long function, long a, long b, long c, long d, long e, long f) {
    int result = ((call_int)function)(a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

/* Gives up a lock for the time of the call, if `release` is not null. `acquire` may end the thread. */
int pyloop_system_call_unlocked(
    long function, long release, long acquire, long a, long b, long c, long d, long e, long f) {
    if (release == 0) {
        return pyloop_system_call_int(function, a, b, c, d, e, f);
    }
    void *state = ((release_lock)release)();
    int result = pyloop_system_call_int(function, a, b, c, d, e, f);
    ((acquire_lock)acquire)(state);
    return result;
}
