/* What a message waits for its reply, and what an idle connection costs. */
#include "load.h"
#include <fcntl.h>

/* How long the last replies may take: the server may be kept from its core. */
static const uint64_t PATIENCE = 30ull * SECOND;

/* This fraction of the connections is opened before the counting begins. */
enum { SPARE = 2 };

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* A quantile in microseconds of what is sorted. */
static double quantile(const uint64_t *nanoseconds, size_t count, double fraction) {
    return (double)nanoseconds[(size_t)((double)(count - 1) * fraction)] / 1000;
}

/* While the server warms up, it is given as much as it can take; then the replies still outstanding are awaited. */
static void warm_up_fully(void) {
    for (int i = 0; i < connections; i++) send_message(&all[i]);
    warm_up(echo);
    for (int i = 0; i < connections; i++) {
        checked(fcntl(all[i].fd, F_SETFL, 0), "fcntl");
        while (!receive_reply(&all[i])) {}
        checked(fcntl(all[i].fd, F_SETFL, O_NONBLOCK), "fcntl");
        all[i].received = 0;
    }
}

/* Latency runs from when a message was due, so that a server that stalls is charged for all it kept waiting. It polls
 * without sleeping: its own processor share says nothing, how late it sent does. The first quarter does not count. */
void run_latency(void) {
    size_t limit = (size_t)(rate * seconds) + 1, measured = 0, replies = 0;
    uint64_t *delays = calloc(limit, sizeof *delays), *lateness = calloc(limit, sizeof *lateness);
    struct epoll_event events[MAX_EVENTS];
    struct moment first = {0}, last;
    open_all(EPOLLIN);
    warm_up_fully();
    for (int i = 0; i < connections; i++) all[i].due = calloc(RING, sizeof *all[i].due);
    double period = SECOND / rate;
    uint64_t start = now(), begin = start + (uint64_t)(seconds / 4 * SECOND), end = begin + (uint64_t)(seconds * SECOND);
    uint64_t due = start;
    for (uint64_t number = 0; due < end || replies < measured;) {
        uint64_t time = now();
        if (time > end + PATIENCE) errx(1, "the server does not keep up");
        if (!first.time && time >= begin) mark(&first);
        for (; due <= time && due < end; due = start + (uint64_t)((double)++number * period)) {
            struct connection *connection = &all[number % (uint64_t)connections];
            if (connection->outstanding == RING) errx(1, "the server does not keep up");
            if (output(connection, message, size) != (ssize_t)size) errx(1, "the server does not keep up");
            connection->due[(connection->first + connection->outstanding++) % RING] = due;
            if (due >= begin && measured < limit) lateness[measured++] = now() - due;
        }
        int count = epoll_wait(poller, events, MAX_EVENTS, 0);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            ssize_t got = input(connection, buffer, sizeof buffer);
            time = now();
            for (connection->received += got < 0 ? 0 : (size_t)got; connection->received >= size;) {
                if (!connection->outstanding) errx(1, "a reply too many");
                uint64_t sent = connection->due[connection->first++ % RING];
                connection->outstanding--;
                connection->received -= size;
                operations++;
                if (sent >= begin && replies < limit) delays[replies++] = time - sent;
            }
        }
    }
    mark(&last);
    if (!measured) errx(1, "no message was due in the window");
    qsort(delays, replies, sizeof *delays, ascending);
    qsort(lateness, measured, sizeof *lateness, ascending);
    printf("{\"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"late_p99\": %.2f, ",
           quantile(delays, replies, 0.5), quantile(delays, replies, 0.9), quantile(delays, replies, 0.99),
           quantile(delays, replies, 0.999), quantile(lateness, measured, 0.99));
    report(&first, &last);
}

/* Bytes of the server's process that are resident, exactly (statm is an estimate). */
static long resident(void) {
    char name[64], line[256];
    long kilobytes = 0;
    snprintf(name, sizeof name, "/proc/%d/smaps_rollup", server_pid);
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "Rss: %ld kB", &kilobytes) != 1) {}
    if (!kilobytes) errx(1, "no Rss in %s", name);
    fclose(file);
    return kilobytes * 1024;
}

/* Opens connections of which each has echoed one message. */
static void settle(int from, int to) {
    for (int i = from; i < to; i++) {
        open_connection(&all[i]);
        checked(fcntl(all[i].fd, F_SETFL, 0), "fcntl");
        send_message(&all[i]);
        while (!receive_reply(&all[i])) {}
    }
    struct timespec pause = {.tv_sec = (time_t)warmup, .tv_nsec = (long)((warmup - (double)(time_t)warmup) * SECOND)};
    nanosleep(&pause, NULL);
}

/* The first connections fill what the process's allocators had to spare; `connections` more are counted. */
void run_idle(void) {
    all = calloc((size_t)(connections + connections / SPARE), sizeof *all);
    settle(0, connections / SPARE);
    long before = resident();
    settle(connections / SPARE, connections / SPARE + connections);
    printf("{\"connection_bytes\": %.1f}\n", (double)(resident() - before) / connections);
}
