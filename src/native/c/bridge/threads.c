/*
 * The threads that enter Java. A thread is attached to the runtime by its first call. When it ends it stays attached, and
 * the next thread that comes takes its place: detaching is Java code, which may collect garbage, and a thread that ends
 * has no GIL to do that with.
 *
 * Whoever is in Java holds the GIL: system calls that sleep give it up outside Java (calls.c). So when a thread forks, no
 * other is in Java, and the child needs to forget the others only.
 */
#define _GNU_SOURCE
#include "bridge.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What Java code takes of the stack at most, the Java garbage collector included, twice over. */
#define ROOM (12 << 10)

/* The least Java heap that the runtime knows. */
#define LEAST_HEAP ((size_t)16 << 20)

/* How many times its heap the runtime gets as address space. */
#define MOST_TIMES 8
#define LEAST_TIMES 3

/* More address space than the library's own objects take. */
#define IMAGE ((size_t)16 << 20)
#define AMPLE ((size_t)4 << 30)

static graal_isolate *isolate;

/* The seat of a thread, whose destructor frees the seat when the thread ends. */
static pthread_key_t seat_key;

static struct pyloop_seat nobody;
struct pyloop_seat *_Atomic pyloop_last_seat = &nobody;

/* Guarded by `seating`. */
static struct pyloop_seat *free_seats;

static pthread_mutex_t seating = PTHREAD_MUTEX_INITIALIZER;

/* In a forked child, until the parent's other threads are forgotten. */
static int others_remain;

static struct pyloop_seat *current_seat(void) {
    return pthread_getspecific(seat_key);
}

static void leave_seat(struct pyloop_seat *seat) {
    pthread_mutex_lock(&seating);
    seat->next = free_seats;
    free_seats = seat;
    pthread_mutex_unlock(&seating);
}

/* Runs without the GIL. */
static void stand_up(void *value) {
    struct pyloop_seat *seat = value;
    atomic_store_explicit(&seat->owner, NULL, memory_order_relaxed);
    leave_seat(seat);
}

static void before_fork(void) {
    pthread_mutex_lock(&seating);
}

static void after_fork_in_parent(void) {
    pthread_mutex_unlock(&seating);
}

static void forget_others(graal_thread *thread) {
    others_remain = 0;
    for (struct pyloop_seat *seat = free_seats; seat != NULL; seat = seat->next) {
        seat->thread = NULL;
    }
    pyloop_engine_forked(thread);
}

static void after_fork_in_child(void) {
    pthread_mutex_init(&seating, NULL);
    /* Its thread is gone, and another may come to have its thread pointer. */
    atomic_store_explicit(&pyloop_last_seat, &nobody, memory_order_relaxed);
    struct pyloop_seat *seat = current_seat();
    if (seat != NULL) {
        forget_others(seat->thread);
    } else {
        others_remain = 1;
    }
}

/* Gives the calling thread a seat; null if there is no memory for one. */
static struct pyloop_seat *take_seat(void) {
    pthread_mutex_lock(&seating);
    struct pyloop_seat *seat = free_seats;
    if (seat != NULL) {
        free_seats = seat->next;
    }
    pthread_mutex_unlock(&seating);
    if (seat == NULL) {
        seat = calloc(1, sizeof *seat);
    }
    return seat;
}

static void sit_down(struct pyloop_seat *seat, const char *stack_end) {
    pthread_setspecific(seat_key, seat);
    seat->stack_end = stack_end;
    seat->lowest_entry = stack_end + ROOM;
    atomic_store_explicit(&seat->owner, __builtin_thread_pointer(), memory_order_relaxed);
}

/* Null if there is no memory for another thread. */
static struct pyloop_seat *attach(const char *stack_end) {
    struct pyloop_seat *seat = take_seat();
    if (seat == NULL) {
        return NULL;
    }
    if (seat->thread != NULL) {
        pyloop_engine_succeeded(seat->thread, (long)pthread_self(), syscall(SYS_gettid));
    } else {
        if (graal_attach_thread(isolate, &seat->thread) != 0) {
            seat->thread = NULL;
            leave_seat(seat);
            return NULL;
        }
        pyloop_engine_attached(seat->thread);
    }
    sit_down(seat, stack_end);
    if (others_remain) {
        forget_others(seat->thread);
    }
    return seat;
}

/* Below the end of the stack there is another one, of which nothing is known. */
static int is_too_deep(const char *frame, const char *stack_end) {
    return frame >= stack_end && frame < stack_end + ROOM;
}

graal_thread *pyloop_find_thread(const char *frame, int must) {
    struct pyloop_seat *seat = current_seat();
    const char *stack_end = seat != NULL ? seat->stack_end : pyloop_find_stack().end;
    if (!must && is_too_deep(frame, stack_end)) {
        pyloop_raise("PyExc_RecursionError", "maximum recursion depth exceeded: PyLoop has no stack left");
        return NULL;
    }
    if (seat == NULL) {
        seat = attach(stack_end);
    }
    if (seat == NULL) {
        if (!must) {
            pyloop_raise("PyExc_MemoryError", "PyLoop's engine has no memory for this thread");
        }
        return NULL;
    }
    atomic_store_explicit(&pyloop_last_seat, seat, memory_order_relaxed);
    return seat->thread;
}

static size_t address_space_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : SIZE_MAX;
}

/*
 * How much address space to reserve for a heap. While it collects, the runtime has what lives twice, large arrays leave
 * holes, and it ends the process if it finds no place. The library's own objects lie in the same space. Where the process
 * has no limit, space costs nothing.
 */
static size_t space_for(size_t max_heap, size_t times, size_t limit) {
    return times * max_heap + (limit == SIZE_MAX ? AMPLE : IMAGE);
}

static int create_isolate(size_t *max_heap, graal_thread **thread) {
    size_t limit = address_space_limit();
    size_t times = MOST_TIMES;
    if (limit != SIZE_MAX && space_for(*max_heap, times, limit) > limit / 4) {
        *max_heap = limit / 4 > IMAGE ? (limit / 4 - IMAGE) / times : 0;
    }
    if (*max_heap < LEAST_HEAP) {
        *max_heap = LEAST_HEAP;
    }
    for (;;) {
        graal_isolate_parameters parameters = {
            .version = 1, .reserved_address_space = space_for(*max_heap, times, limit)};
        int error = graal_create_isolate(&parameters, &isolate, thread);
        pyloop_close_image_file();
        if (error != PYLOOP_NO_ADDRESS_SPACE || times == LEAST_TIMES) {
            return error;
        }
        times--;
    }
}

int pyloop_start_runtime(size_t *max_heap) {
    int error = pthread_key_create(&seat_key, stand_up);
    if (error != 0) {
        return error;
    }
    struct pyloop_seat *seat = take_seat();
    if (seat == NULL) {
        return ENOMEM;
    }
    const char *stack_end = pyloop_find_stack().end;
    error = create_isolate(max_heap, &seat->thread);
    if (error != 0) {
        seat->thread = NULL;
        leave_seat(seat);
        return error;
    }
    pyloop_engine_attached(seat->thread);
    sit_down(seat, stack_end);
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
