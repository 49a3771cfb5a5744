/* Clocks, the warm-up and the window that is measured. */
#include "load.h"

/* A server is warm when its cost per operation has stopped falling by more than this from one pair of slices to the next. */
static const double STILL_FALLING = 0.97;
enum { SLICES = 4, AT_MOST = 4 };
static const uint64_t PATIENCE = 10ull * SECOND;

uint64_t operations, bytes, target = UINT64_MAX;

int checked(int result, const char *call) {
    if (result < 0) err(1, "%s", call);
    return result;
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    checked(clock_gettime(clock, &time), "clock_gettime");
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t server_time(void) {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    if (server_pid && clock_getcpuclockid(server_pid, &clock)) errx(1, "no process %d", server_pid);
    return server_pid ? read_clock(clock) : 0;
}

void mark(struct moment *moment) {
    moment->time = now();
    moment->server = server_time();
    moment->own = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    moment->operations = operations;
    moment->bytes = bytes;
}

void report(const struct moment *first, const struct moment *last) {
    double time = (double)(last->time - first->time), server = (double)(last->server - first->server);
    double own = (double)(last->own - first->own);
    double done = (double)(last->operations - first->operations);
    if (done == 0) errx(1, "not one operation was completed in the window");
    printf("\"rate\": %.3f, \"bytes_rate\": %.0f, \"server_us\": %.4f, ", done / time * SECOND,
           (double)(last->bytes - first->bytes) / time * SECOND, server / done / 1000);
    printf("\"server_share\": %.4f, \"generator_share\": %.4f}\n", server / time, own / time);
}

/* Lets the connections that have events go on; returns the time. */
static uint64_t turn(handler *ready) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(poller, events, MAX_EVENTS, 10);
    if (count < 0 && errno != EINTR) err(1, "epoll_wait");
    uint64_t time = now();
    for (int i = 0; i < count; i++) ready(events[i].data.ptr);
    return time;
}

/* The processor time of the server (or time, if it cannot be looked at) per operation of a slice. */
static double slice(handler *ready, uint64_t until) {
    struct moment first, last;
    mark(&first);
    while (turn(ready) < until) {}
    mark(&last);
    double cost = (double)(server_pid ? last.server - first.server : last.time - first.time);
    return last.operations == first.operations ? 1e18 : cost / (double)(last.operations - first.operations);
}

static double least(double a, double b) { return a < b ? a : b; }

/* Loads the server for at least `warmup`: until it has had half of that from its core, and each operation costs it what
 * the ones before it did. A just-in-time compiler shares the core with the work it is to speed up, so that no fixed time
 * would be right for all loops. Four times as long at the most. */
void warm_up(handler *ready) {
    double costs[SLICES * AT_MOST];
    uint64_t length = (uint64_t)(warmup * SECOND / SLICES), end = now();
    uint64_t warm = server_pid ? server_time() + (uint64_t)(warmup * SECOND / 2) : 0;
    for (int i = 0; i < SLICES * AT_MOST; i++) {
        costs[i] = slice(ready, end += length);
        if (i < SLICES - 1 || server_time() < warm) continue;
        if (least(costs[i], costs[i - 1]) > STILL_FALLING * least(costs[i - 2], costs[i - 3])) return;
    }
}

void drive(handler *ready) {
    struct moment first, last;
    warm_up(ready);
    mark(&first);
    uint64_t end = first.time + (uint64_t)(seconds * SECOND);
    if (limit) {
        target = first.operations + limit;
        while (operations < target) turn(ready);
        end = 0;
    }
    /* A server that is kept from its core is waited for. */
    while (turn(ready) < end || (operations == first.operations && now() < end + PATIENCE)) {}
    mark(&last);
    putchar('{');
    report(&first, &last);
}
