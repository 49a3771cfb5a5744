/*
 * The file that the runtime maps its heap from: this library's. The runtime keeps the descriptor for further isolates;
 * there is one isolate, so that it is closed when that stands. By openSII the runtime opens nothing else, but for files
 * of /proc, which it closes itself.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CLOSED = -1 };

/* Guarded by the GIL, with which the isolate is made. */
static int image_file = CLOSED;

int openSII(const char *path, int flags, int mode) {
    int file = open(path, flags | O_CLOEXEC, mode);
    if (strncmp(path, "/proc/", strlen("/proc/")) != 0) {
        image_file = file;
    }
    return file;
}

void pyloop_close_image_file(void) {
    if (image_file != CLOSED) {
        close(image_file);
        image_file = CLOSED;
    }
}
