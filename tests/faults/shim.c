/*
 * Stands before the C library's system calls (LD_PRELOAD), counts those of one thread, and has one of them fail, come short,
 * or all of them be disturbed in ways that a program must not notice. Tests steer it through the functions at the end.
 *
 * A child that shares the memory for a while (vfork) is told by its number, and left alone like all other threads.
 */
#define _GNU_SOURCE
#pragma GCC visibility push(default)
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CALLS(X) \
    X(read) X(write) X(writev) X(close) X(recv) X(recvfrom) X(recvmmsg) X(send) X(sendto) X(sendmsg) X(sendmmsg) X(accept4) \
    X(shutdown) X(setsockopt) X(getsockopt) X(getsockname) X(getpeername) X(socket) X(socketpair) X(bind) X(listen) \
    X(connect) X(pipe2) X(eventfd) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait2) X(sendfile) X(sendfile64) \
    X(clock_gettime) X(pidfd_open)

#define NUMBER(name) CALL_##name,
enum call { CALLS(NUMBER) CALL_COUNT };
#define NAME(name) #name,
static const char *const names[] = {CALLS(NAME)};
static void *found[CALL_COUNT];

enum { MOST_DESCRIPTORS = 4096, PIDFD_OPEN = 434 };

/* What happens to a call. */
enum fate { LEFT_ALONE, FAILED, SHORTENED };

static struct {
    int armed;
    enum call call;
    long nth;
    int error; /* 0: the call comes short; for the clock: seconds that it jumps */
    int fired;
} plan;

static struct {
    int percent; /* of the calls that are disturbed */
    uint64_t dice;
} storm;

static int watching;
static pthread_t watched_thread;
static pid_t watched_process;
static long counts[CALL_COUNT];
static long bad_closes;
static long disturbed;
static unsigned char is_eventfd[MOST_DESCRIPTORS];

static void *real(enum call call) {
    if (found[call] == NULL) {
        found[call] = dlsym(RTLD_NEXT, names[call]);
    }
    return found[call];
}

static int is_ours(void) {
    return watching && pthread_equal(pthread_self(), watched_thread) && getpid() == watched_process;
}

static unsigned roll(unsigned sides) {
    storm.dice ^= storm.dice << 13;
    storm.dice ^= storm.dice >> 7;
    storm.dice ^= storm.dice << 17;
    return (unsigned)(storm.dice >> 33) % sides;
}

static int is_datagram(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    int (*ask)(int, int, int, void *, socklen_t *) = real(CALL_getsockopt);
    return ask(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
}

static int can_be_short(enum call call, int descriptor) {
    switch (call) {
        case CALL_read: case CALL_write: case CALL_writev: case CALL_recv: case CALL_send: case CALL_sendmsg:
        case CALL_sendfile: case CALL_sendfile64:
            return !is_datagram(descriptor);
        case CALL_recvmmsg: case CALL_sendmmsg:
            return 1;
        default:
            return 0;
    }
}

/* Only what a program must go on after as if nothing had been. */
static enum fate disturb(enum call call, int descriptor, size_t size) {
    if (roll(100) >= (unsigned)storm.percent) {
        return LEFT_ALONE;
    }
    if (call == CALL_epoll_wait || call == CALL_epoll_pwait2) {
        errno = EINTR;
        return FAILED;
    }
    if (call != CALL_accept4 && call != CALL_recvfrom && call != CALL_sendto && !can_be_short(call, descriptor)) {
        if (call != CALL_recv && call != CALL_send && call != CALL_sendmsg) {
            return LEFT_ALONE;
        }
    }
    int flags = fcntl(descriptor, F_GETFL);
    /* A byte or eight of them wake a loop up: such a call fails only when the loop is awake already. */
    int wakes = size <= 8 || (descriptor < MOST_DESCRIPTORS && is_eventfd[descriptor]);
    if (flags < 0 || !(flags & O_NONBLOCK) || wakes) {
        return LEFT_ALONE;
    }
    switch (roll(3)) {
        case 0:
            if (can_be_short(call, descriptor)) {
                return SHORTENED;
            }
            /* fall through */
        case 1:
            errno = EAGAIN;
            return FAILED;
        default:
            errno = EINTR;
            return FAILED;
    }
}

static enum fate fate_of(enum call call, int descriptor, size_t size) {
    if (!is_ours()) {
        return LEFT_ALONE;
    }
    long number = ++counts[call];
    if (plan.armed && call == plan.call && number == plan.nth) {
        plan.armed = 0;
        if (plan.error == 0 && !can_be_short(call, descriptor)) {
            return LEFT_ALONE;
        }
        plan.fired = 1;
        errno = plan.error;
        return plan.error == 0 ? SHORTENED : FAILED;
    }
    if (storm.percent == 0) {
        return LEFT_ALONE;
    }
    enum fate fate = disturb(call, descriptor, size);
    disturbed += fate != LEFT_ALONE;
    return fate;
}

#define FATE(name, descriptor, size) fate_of(CALL_##name, descriptor, size)
#define AS(name, type) ((type)real(CALL_##name))

/* A call that fails or is left alone. */
#define PLAIN(result, name, parameters, arguments, types) \
    result name parameters { \
        return FATE(name, -1, 0) == FAILED ? -1 : AS(name, result(*) types) arguments; \
    }

/* A transfer of `size` bytes, which is shortened to one. */
#define TRANSFER(name, parameters, types, descriptor, size, whole, part) \
    ssize_t name parameters { \
        enum fate fate = FATE(name, descriptor, size); \
        return fate == FAILED ? -1 \
            : fate == SHORTENED && (size) > 1 ? AS(name, ssize_t(*) types) part \
            : AS(name, ssize_t(*) types) whole; \
    }

TRANSFER(read, (int fd, void *to, size_t size), (int, void *, size_t), fd, size, (fd, to, size), (fd, to, 1))
TRANSFER(write, (int fd, const void *from, size_t size), (int, const void *, size_t), fd, size, (fd, from, size), (fd, from, 1))
TRANSFER(recv, (int fd, void *to, size_t size, int flags), (int, void *, size_t, int), fd, size, (fd, to, size, flags),
    (fd, to, 1, flags))
TRANSFER(send, (int fd, const void *from, size_t size, int flags), (int, const void *, size_t, int), fd, size,
    (fd, from, size, flags), (fd, from, 1, flags))
TRANSFER(sendfile, (int fd, int from, off_t *offset, size_t size), (int, int, off_t *, size_t), fd, size,
    (fd, from, offset, size), (fd, from, offset, 1))
TRANSFER(sendfile64, (int fd, int from, off64_t *offset, size_t size), (int, int, off64_t *, size_t), fd, size,
    (fd, from, offset, size), (fd, from, offset, 1))
TRANSFER(recvfrom, (int fd, void *to, size_t size, int flags, struct sockaddr *name, socklen_t *length),
    (int, void *, size_t, int, struct sockaddr *, socklen_t *), fd, size, (fd, to, size, flags, name, length),
    (fd, to, size, flags, name, length))
TRANSFER(sendto, (int fd, const void *from, size_t size, int flags, const struct sockaddr *name, socklen_t length),
    (int, const void *, size_t, int, const struct sockaddr *, socklen_t), fd, size, (fd, from, size, flags, name, length),
    (fd, from, size, flags, name, length))

static struct iovec first_byte(const struct iovec *vector) {
    return (struct iovec){vector->iov_base, vector->iov_len < 1 ? 0 : 1};
}

ssize_t writev(int fd, const struct iovec *vector, int count) {
    enum fate fate = FATE(writev, fd, 16);
    if (fate == FAILED) {
        return -1;
    }
    struct iovec byte = first_byte(vector);
    int is_short = fate == SHORTENED && byte.iov_len == 1;
    return AS(writev, ssize_t(*)(int, const struct iovec *, int))(fd, is_short ? &byte : vector, is_short ? 1 : count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    enum fate fate = FATE(sendmsg, fd, 16);
    if (fate == FAILED) {
        return -1;
    }
    struct msghdr shorter = *message;
    struct iovec byte = {0, 0};
    if (fate == SHORTENED && message->msg_iovlen > 0 && message->msg_iov->iov_len > 0) {
        byte = first_byte(message->msg_iov);
        shorter.msg_iov = &byte;
        shorter.msg_iovlen = 1;
    }
    return AS(sendmsg, ssize_t(*)(int, const struct msghdr *, int))(fd, &shorter, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    enum fate fate = FATE(recvmmsg, fd, 16);
    return fate == FAILED ? -1
        : AS(recvmmsg, int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *))(
            fd, messages, fate == SHORTENED ? 1 : count, flags, timeout);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
    enum fate fate = FATE(sendmmsg, fd, 16);
    return fate == FAILED ? -1
        : AS(sendmmsg, int (*)(int, struct mmsghdr *, unsigned, int))(fd, messages, fate == SHORTENED ? 1 : count, flags);
}

int accept4(int fd, struct sockaddr *name, socklen_t *length, int flags) {
    return FATE(accept4, fd, 16) == FAILED
        ? -1
        : AS(accept4, int (*)(int, struct sockaddr *, socklen_t *, int))(fd, name, length, flags);
}

/* Linux closes a descriptor whatever it answers. */
int close(int fd) {
    enum fate fate = FATE(close, -1, 0);
    int error = errno;
    int result = AS(close, int (*)(int))(fd);
    if (result < 0 && errno == EBADF && is_ours()) {
        bad_closes++;
    }
    if (fd >= 0 && fd < MOST_DESCRIPTORS) {
        is_eventfd[fd] = 0;
    }
    if (fate == FAILED) {
        errno = error;
        return -1;
    }
    return result;
}

int eventfd(unsigned initial, int flags) {
    if (FATE(eventfd, -1, 0) == FAILED) {
        return -1;
    }
    int fd = AS(eventfd, int (*)(unsigned, int))(initial, flags);
    if (fd >= 0 && fd < MOST_DESCRIPTORS) {
        is_eventfd[fd] = 1;
    }
    return fd;
}

PLAIN(int, shutdown, (int fd, int how), (fd, how), (int, int))
PLAIN(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), (fd, level, name, value, size),
    (int, int, int, const void *, socklen_t))
PLAIN(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), (fd, level, name, value, size),
    (int, int, int, void *, socklen_t *))
PLAIN(int, getsockname, (int fd, struct sockaddr *name, socklen_t *size), (fd, name, size), (int, struct sockaddr *, socklen_t *))
PLAIN(int, getpeername, (int fd, struct sockaddr *name, socklen_t *size), (fd, name, size), (int, struct sockaddr *, socklen_t *))
PLAIN(int, socket, (int family, int type, int protocol), (family, type, protocol), (int, int, int))
PLAIN(int, socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends), (int, int, int, int[2]))
PLAIN(int, bind, (int fd, const struct sockaddr *name, socklen_t size), (fd, name, size), (int, const struct sockaddr *, socklen_t))
PLAIN(int, listen, (int fd, int backlog), (fd, backlog), (int, int))
PLAIN(int, connect, (int fd, const struct sockaddr *name, socklen_t size), (fd, name, size),
    (int, const struct sockaddr *, socklen_t))
PLAIN(int, pipe2, (int ends[2], int flags), (ends, flags), (int[2], int))
PLAIN(int, epoll_create1, (int flags), (flags), (int))
PLAIN(int, epoll_ctl, (int set, int operation, int fd, struct epoll_event *event), (set, operation, fd, event),
    (int, int, int, struct epoll_event *))
PLAIN(int, epoll_wait, (int set, struct epoll_event *events, int most, int millis), (set, events, most, millis),
    (int, struct epoll_event *, int, int))

int epoll_pwait2(int set, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask) {
    if (FATE(epoll_pwait2, -1, 0) == FAILED) {
        return -1;
    }
    if (real(CALL_epoll_pwait2) == NULL) {
        errno = ENOSYS;
        return -1;
    }
    return AS(epoll_pwait2, int (*)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *))(
        set, events, most, timeout, mask);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static long jumped;
    int result = AS(clock_gettime, int (*)(clockid_t, struct timespec *))(clock, now);
    if (clock != CLOCK_MONOTONIC || !is_ours()) {
        return result;
    }
    if (FATE(clock_gettime, -1, 0) == FAILED) {
        jumped = plan.error;
    }
    if (plan.call == CALL_clock_gettime && plan.fired) {
        now->tv_sec += jumped;
    }
    return result;
}

long syscall(long number, ...) {
    static void *next;
    if (next == NULL) {
        next = dlsym(RTLD_NEXT, "syscall");
    }
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    if (number == PIDFD_OPEN && FATE(pidfd_open, -1, 0) == FAILED) {
        return -1;
    }
    return ((long (*)(long, long, long, long, long, long, long))next)(number, a, b, c, d, e, f);
}

/* What tests call. */

static int number_of(const char *name) {
    for (int call = 0; call < CALL_COUNT; call++) {
        if (strcmp(names[call], name) == 0) {
            return call;
        }
    }
    return -1;
}

/* Begins to count the calls of this thread. */
void faults_begin(void) {
    memset(counts, 0, sizeof counts);
    memset(&plan, 0, sizeof plan);
    storm.percent = 0;
    bad_closes = 0;
    disturbed = 0;
    watched_thread = pthread_self();
    watched_process = getpid();
    watching = 1;
}

/* Has the `nth` call of a name fail with `error`, or come short if that is 0. */
int faults_plan(const char *name, long nth, int error) {
    int call = number_of(name);
    if (call >= 0) {
        plan.call = (enum call)call;
        plan.nth = nth;
        plan.error = error;
        plan.armed = 1;
    }
    return call >= 0 ? 0 : -1;
}

/* Disturbs so many of a hundred calls, by dice that begin with `seed`. */
void faults_storm(int percent, uint64_t seed) {
    storm.dice = seed * 2654435761u + 88172645463325252u;
    storm.percent = percent;
}

/* Ends it; answers whether the planned failure has happened. */
int faults_end(void) {
    watching = 0;
    return plan.fired;
}

long faults_count(const char *name) {
    int call = number_of(name);
    return call < 0 ? -1 : counts[call];
}

long faults_bad_closes(void) {
    return bad_closes;
}

long faults_disturbed(void) {
    return disturbed;
}
