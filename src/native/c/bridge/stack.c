/*
 * Where the stack of a thread ends, for those who look how much is left: threads.c, and the runtime.
 */
#define _GNU_SOURCE
#include "bridge.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>

/* What was found last. */
static pyloop_stack stack;

/* If nobody tells, because there is no /proc: half of what the main thread's may become, from here down. */
static pyloop_stack guess(void) {
    const size_t usual = 8 << 20;
    struct rlimit limit;
    size_t size = getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < usual ? limit.rlim_cur : usual;
    const char *here = __builtin_frame_address(0);
    return (pyloop_stack){here - size / 2, size / 2};
}

static pyloop_stack ask(void) {
    int (*get)(pthread_t, pthread_attr_t *) =
        (int (*)(pthread_t, pthread_attr_t *))dlsym(RTLD_NEXT, "pthread_getattr_np");
    pthread_attr_t attributes;
    if (get(pthread_self(), &attributes) != 0) {
        return guess();
    }
    void *end;
    size_t size;
    size_t guard;
    pthread_attr_getstack(&attributes, &end, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    return (pyloop_stack){(char *)end + guard, size - guard};
}

pyloop_stack pyloop_find_stack(void) {
    stack = ask();
    return stack;
}

/*
 * Takes the place of the C library's function in this library. The runtime calls it in a thread that it attaches, of which
 * threads.c has asked before. The function of the C library reads a file for the main thread, and fails without one.
 */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
    (void)thread;
    int error = pthread_attr_init(attributes);
    if (error == 0) {
        pthread_attr_setguardsize(attributes, 0);
        error = pthread_attr_setstack(attributes, (void *)stack.end, stack.size);
    }
    return error;
}
