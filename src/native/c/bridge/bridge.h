/*
 * Between CPython and the Java code of this library: what the files of this folder share, and what Java exports to them.
 *
 * Everything here runs with the GIL held, unless it says otherwise.
 */
#ifndef PYLOOP_BRIDGE_H
#define PYLOOP_BRIDGE_H

#include <stdatomic.h>
#include <stddef.h>

/* The native-image runtime's own functions (graal_isolate.h, which the builder writes). They answer 0 or an error. */
typedef struct graal_isolate graal_isolate;
typedef struct graal_thread graal_thread;
typedef struct {
    int version;
    size_t reserved_address_space;
} graal_isolate_parameters;
extern int graal_create_isolate(graal_isolate_parameters *parameters, graal_isolate **isolate, graal_thread **thread);
extern int graal_attach_thread(graal_isolate *isolate, graal_thread **thread);

/* The entry points that Java exports: @CEntryPoint in src/native/java. */
extern long pyloop_dispatch(graal_thread *thread, int number, long a, long b, long c, long d);
extern long pyloop_begin(graal_thread *thread, int number, long request);
extern long pyloop_resume(graal_thread *thread, int number, long result, long request);
extern int pyloop_engine_start(
    graal_thread *thread, long dlsym, long library, long module, long max_heap, long message, long size);
extern void pyloop_engine_forked(graal_thread *thread);
extern void pyloop_engine_attached(graal_thread *thread);
extern void pyloop_engine_succeeded(graal_thread *thread, long handle, long id);

/* The error of graal_create_isolate() where the process may not have so much address space. */
#define PYLOOP_NO_ADDRESS_SPACE 801

/* ../support/image_file.c: closes what the runtime has opened to make the isolate. */
void pyloop_close_image_file(void);

/*
 * threads.c: makes the isolate, which this thread enters, for a Java heap of at most so many bytes; it makes that less if
 * the process may not map so much. Answers 0, or an error of the runtime's. Once per process.
 */
int pyloop_start_runtime(size_t *max_heap);

/*
 * threads.c: the calling thread as the runtime knows it, for a call from `frame`; attaches it if this is its first call.
 * Answers null if there is not enough stack or memory. Then a Python exception is set, unless it `must` enter: that is
 * for calls that know no exceptions, and it does so however little stack there is.
 */
graal_thread *pyloop_find_thread(const char *frame, int must);

/* Where a thread sits that is attached. Seats are never freed, but taken again when their thread has ended. */
struct pyloop_seat {
    void *_Atomic owner; /* the thread's pointer, by which it is known; null when it has ended */
    graal_thread *thread; /* null if there was none yet */
    const char *stack_end;
    const char *lowest_entry; /* from here up there is stack enough to enter Java */
    struct pyloop_seat *next; /* among those that are free */
};

/* The seat of the thread that called last, as a rule the one that calls now. */
extern struct pyloop_seat *_Atomic pyloop_last_seat;

static inline const char *pyloop_stack_pointer(void) {
    const char *pointer;
#if defined(__x86_64__)
    __asm__ volatile("mov %%rsp, %0" : "=r"(pointer));
#elif defined(__aarch64__)
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
#else
#error "no other processor is known"
#endif
    return pointer;
}

/*
 * The calling thread as the runtime knows it if it is the one that called last and has stack enough, else null: two loads
 * and a comparison find it, and no thread-local storage is needed, of which a library that is loaded late may get none.
 */
static inline graal_thread *pyloop_last_thread(void) {
    struct pyloop_seat *seat = atomic_load_explicit(&pyloop_last_seat, memory_order_relaxed);
    void *owner = atomic_load_explicit(&seat->owner, memory_order_relaxed);
    int usual = owner == __builtin_thread_pointer() && pyloop_stack_pointer() >= seat->lowest_entry;
    return __builtin_expect(usual, 1) ? seat->thread : NULL;
}

/*
 * stack.c: where the stack of the calling thread ends, and how large it is; that thread is then the one that the runtime
 * is told of.
 */
typedef struct {
    const char *end;
    size_t size;
} pyloop_stack;
pyloop_stack pyloop_find_stack(void);

/* module.c: sets a Python exception; `type` is the name of the C API's variable. */
void pyloop_raise(const char *type, const char *message);

#endif
