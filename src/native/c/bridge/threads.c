/*
 * The threads that enter Java. A thread is attached to the runtime by its first call, and detached when it ends.
 *
 * Whoever is in Java holds the GIL: system calls that sleep give it up outside Java (calls.c). So when a thread forks, no
 * other is in Java, and the child needs to forget the others only. The one exception is the detaching of a thread that
 * ends, which `detaching` keeps from running during a fork.
 */
#include "bridge.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static graal_isolate *isolate;

/* What pyloop_thread() answers; null in a thread that has not called yet. */
static __thread graal_thread *current;

/* Its destructor detaches a thread that ends. */
static pthread_key_t thread_end;

static pthread_mutex_t detaching = PTHREAD_MUTEX_INITIALIZER;

/* In a forked child, until the parent's other threads are forgotten. */
static int others_remain;

static void detach(void *thread) {
    current = NULL;
    pthread_mutex_lock(&detaching);
    graal_detach_thread(thread);
    pthread_mutex_unlock(&detaching);
}

static void before_fork(void) {
    pthread_mutex_lock(&detaching);
}

static void after_fork_in_parent(void) {
    pthread_mutex_unlock(&detaching);
}

static void forget_others(graal_thread *thread) {
    others_remain = 0;
    pyloop_engine_forked(thread);
}

static void after_fork_in_child(void) {
    pthread_mutex_init(&detaching, NULL);
    if (current != NULL) {
        forget_others(current);
    } else {
        others_remain = 1;
    }
}

/* A thread that cannot be attached has no way to say so: what it calls returns objects that it takes for its own. */
static void fail(const char *message, size_t length) {
    ssize_t ignored = write(STDERR_FILENO, message, length);
    (void)ignored;
    abort();
}

static void attach(void) {
    static const char message[] = "PyLoop: a thread could not be attached to the engine: out of memory\n";
    if (graal_attach_thread(isolate, &current) != 0) {
        fail(message, sizeof message - 1);
    }
    pthread_setspecific(thread_end, current);
    if (others_remain) {
        forget_others(current);
    }
}

graal_thread *pyloop_thread(void) {
    if (__builtin_expect(current == NULL, 0)) {
        attach();
    }
    return current;
}

int pyloop_start_runtime(void) {
    int error = pthread_key_create(&thread_end, detach);
    if (error == 0) {
        error = graal_create_isolate(NULL, &isolate, &current);
    }
    pyloop_close_image_file();
    if (error == 0) {
        pthread_setspecific(thread_end, current);
        error = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    }
    return error;
}
