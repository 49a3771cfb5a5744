/*
 * Between CPython and the Java code of this library: what the files of this folder share, and what Java exports to them.
 *
 * Everything here runs with the GIL held, unless it says otherwise.
 */
#ifndef PYLOOP_BRIDGE_H
#define PYLOOP_BRIDGE_H

/* The native-image runtime's own functions (graal_isolate.h, which the builder writes). They answer 0 or an error. */
typedef struct graal_isolate graal_isolate;
typedef struct graal_thread graal_thread;
extern int graal_create_isolate(void *parameters, graal_isolate **isolate, graal_thread **thread);
extern int graal_attach_thread(graal_isolate *isolate, graal_thread **thread);
extern int graal_detach_thread(graal_thread *thread);

/* The entry points that Java exports: @CEntryPoint in src/native/java. */
extern long pyloop_dispatch(graal_thread *thread, int number, long a, long b, long c, long d);
extern long pyloop_begin(graal_thread *thread, int number, long argument, long request);
extern long pyloop_resume(graal_thread *thread, int number, long result, long request);
extern int pyloop_engine_start(
    graal_thread *thread, long dlsym, long library, long module, long max_heap, long message, long size);
extern void pyloop_engine_forked(graal_thread *thread);

/* ../support/image_file.c: closes what the runtime has opened to make the isolate. */
void pyloop_close_image_file(void);

/* threads.c: makes the isolate, which this thread enters; 0, or an error of the runtime's. Once per process. */
int pyloop_start_runtime(void);

/* threads.c: the calling thread as the runtime knows it; attaches it if this is its first call. Never null. */
graal_thread *pyloop_thread(void);

#endif
