/*
 * The threads that enter Java. A thread is attached to the runtime by its first call, and detached when it ends.
 *
 * Whoever is in Java holds the GIL: system calls that sleep give it up outside Java (calls.c). So when a thread forks, no
 * other is in Java, and the child needs to forget the others only. The one exception is the detaching of a thread that
 * ends, which `detaching` keeps from running during a fork.
 */
#include "bridge.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static graal_isolate *isolate;

/*
 * A thread that is attached. Seats are never freed, but taken again: the one in `last` may be looked at when its thread
 * has ended.
 */
struct seat {
    void *_Atomic owner; /* the thread's pointer, by which it is known; null when it has ended */
    graal_thread *thread;
    struct seat *next; /* among those that are free */
};

/* The seat of a thread, whose destructor detaches the thread when it ends. */
static pthread_key_t seat_key;

/*
 * The seat of the thread that called last, as a rule the one that calls now: two loads and a comparison find it, and no
 * thread-local storage is needed, of which a library that is loaded late may get none.
 */
static struct seat nobody;
static struct seat *_Atomic last = &nobody;

/* Guarded by `detaching`. */
static struct seat *free_seats;

static pthread_mutex_t detaching = PTHREAD_MUTEX_INITIALIZER;

/* In a forked child, until the parent's other threads are forgotten. */
static int others_remain;

static struct seat *current_seat(void) {
    return pthread_getspecific(seat_key);
}

/* Runs without the GIL. */
static void detach(void *value) {
    struct seat *seat = value;
    pthread_mutex_lock(&detaching);
    graal_detach_thread(seat->thread);
    atomic_store_explicit(&seat->owner, NULL, memory_order_relaxed);
    seat->next = free_seats;
    free_seats = seat;
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
    /* Its thread is gone, and another may come to have its thread pointer. */
    atomic_store_explicit(&last, &nobody, memory_order_relaxed);
    struct seat *seat = current_seat();
    if (seat != NULL) {
        forget_others(seat->thread);
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

/* Gives the calling thread a seat; null if there is no memory for one. */
static struct seat *take_seat(void) {
    pthread_mutex_lock(&detaching);
    struct seat *seat = free_seats;
    if (seat != NULL) {
        free_seats = seat->next;
    }
    pthread_mutex_unlock(&detaching);
    if (seat == NULL) {
        seat = calloc(1, sizeof *seat);
    }
    if (seat != NULL && pthread_setspecific(seat_key, seat) != 0) {
        seat = NULL;
    }
    return seat;
}

static struct seat *attach(void) {
    static const char message[] = "PyLoop: a thread could not be attached to the engine: out of memory\n";
    struct seat *seat = take_seat();
    if (seat == NULL || graal_attach_thread(isolate, &seat->thread) != 0) {
        fail(message, sizeof message - 1);
    }
    atomic_store_explicit(&seat->owner, __builtin_thread_pointer(), memory_order_relaxed);
    if (others_remain) {
        forget_others(seat->thread);
    }
    return seat;
}

static graal_thread *find_thread(void) {
    struct seat *seat = current_seat();
    if (seat == NULL) {
        seat = attach();
    }
    atomic_store_explicit(&last, seat, memory_order_relaxed);
    return seat->thread;
}

graal_thread *pyloop_thread(void) {
    struct seat *seat = atomic_load_explicit(&last, memory_order_relaxed);
    void *owner = atomic_load_explicit(&seat->owner, memory_order_relaxed);
    return __builtin_expect(owner == __builtin_thread_pointer(), 1) ? seat->thread : find_thread();
}

int pyloop_start_runtime(void) {
    int error = pthread_key_create(&seat_key, detach);
    if (error != 0) {
        return error;
    }
    struct seat *seat = take_seat();
    if (seat == NULL) {
        return ENOMEM;
    }
    error = graal_create_isolate(NULL, &isolate, &seat->thread);
    pyloop_close_image_file();
    if (error != 0) {
        pthread_setspecific(seat_key, NULL);
        return error;
    }
    atomic_store_explicit(&seat->owner, __builtin_thread_pointer(), memory_order_relaxed);
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
