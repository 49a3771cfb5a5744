/*
 * System calls in the form in which the runtime makes them: without variable arguments, for example. And one that it
 * must not make.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int getThreadId(void) {
    return (int)syscall(SYS_gettid);
}

void *mremapP(void *address, size_t size, size_t new_size, int flags, void *new_address) {
    return mremap(address, size, new_size, flags, new_address);
}

int fprintfSD(FILE *file, const char *format, const char *text, int number) {
    return fprintf(file, format, text, number);
}

/*
 * Takes the place of the C library's function in this library. The runtime calls it once, at its start, to raise the
 * limit on descriptors to the most that is allowed. The limit is the program's, and child processes inherit it: it stays
 * as it is.
 */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    (void)resource;
    (void)limit;
    return 0;
}
