/* The load generator of sockets.py: one thread, one epoll, non-blocking sockets, so that the server is the bottleneck.
 *
 *     load MODE port=N server=PID [core=N] [connections=N] [size=BYTES] [warmup=S] [seconds=S] [rate=N] [tls=1]
 *
 * It loads the server without a break, first for the warm-up, then for the window that is measured, and prints one line
 * of JSON. The processor time of the server's process (all of its threads) is read at both ends of the window, by the
 * clock the kernel keeps for it; server=0 stands for a server that cannot be looked at.
 *
 * echo          one message outstanding per connection; a reply must be as long, and begin with the same 8 bytes
 * bulk-send     write `size` bytes again and again
 * bulk-receive  read whatever the server sends; an operation is `size` bytes
 * http          one GET outstanding per keep-alive connection; a response must be a 200 with a Content-Length
 * accept        connect, wait for the server to close, close; `connections` at a time
 * latency       `rate` messages per second, sent when they are due, whatever is still outstanding
 * idle          the memory of the server's process per open connection that has nothing to do
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

enum { MAX_EVENTS = 512, BUFFER_BYTES = 1 << 20, RESPONSE_BYTES = 4096, RING = 4096, SPARE = 2, SECOND = 1000000000 };
static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

struct connection {
    int fd;
    SSL *tls;
    size_t sent;                  /* bytes of the message that are on their way */
    size_t received;              /* bytes of its reply that have come */
    uint64_t sequence;            /* what the message begins with, whatever the byte order */
    char *response;               /* http: what has come of one */
    uint64_t *due;                /* latency: when the messages outstanding were due, a ring */
    uint32_t first, outstanding;
};

struct moment { uint64_t time, operations, bytes, server, own; };
static int port, core = -1, server_pid, connections = 1, tls;
static size_t size = 64;
static double warmup = 2, seconds = 2, rate;
static int poller;
static struct connection *all;
static uint64_t operations, bytes;
static char message[BUFFER_BYTES], buffer[BUFFER_BYTES];

static int checked(int result, const char *call) {
    if (result < 0) err(1, "%s", call);
    return result;
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    checked(clock_gettime(clock, &time), "clock_gettime");
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

static uint64_t server_time(void) {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    if (server_pid && clock_getcpuclockid(server_pid, &clock)) errx(1, "no process %d", server_pid);
    return server_pid ? read_clock(clock) : 0;
}

static void mark(struct moment *moment) {
    moment->time = now();
    moment->server = server_time();
    moment->own = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    moment->operations = operations;
    moment->bytes = bytes;
}

static void report(const struct moment *first, const struct moment *last) {
    double time = (double)(last->time - first->time), server = (double)(last->server - first->server);
    double own = (double)(last->own - first->own);
    double done = (double)(last->operations - first->operations);
    if (done == 0) errx(1, "not one operation was completed in the window");
    printf("\"rate\": %.3f, \"bytes_rate\": %.0f, \"server_us\": %.4f, ", done / time * SECOND,
           (double)(last->bytes - first->bytes) / time * SECOND, server / done / 1000);
    printf("\"server_share\": %.4f, \"generator_share\": %.4f}\n", server / time, own / time);
}

static int connect_socket(int flags) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket"), one = 1;
    checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) checked(-1, "connect");
    return fd;
}

static void watch(struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    checked(epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event), "epoll_ctl");
}

static SSL *handshake(int fd) {
    SSL *session = NULL;
#ifdef WITH_TLS
    static SSL_CTX *context;
    if (!context) context = SSL_CTX_new(TLS_client_method());
    session = SSL_new(context);
    SSL_set_mode(session, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!SSL_set_fd(session, fd) || SSL_connect(session) != 1) session = NULL;
#endif
    if (!session) errx(1, "no TLS handshake on socket %d, or no OpenSSL headers when this was compiled", fd);
    return session;
}

/* Connects; what is done while the socket is blocking is not part of any measurement. */
static void open_connection(struct connection *connection) {
    connection->fd = connect_socket(0);
    if (tls) connection->tls = handshake(connection->fd);
    checked(fcntl(connection->fd, F_SETFL, O_NONBLOCK), "fcntl");
}

#ifdef WITH_TLS
/* What SSL_read or SSL_write did, as recv and send would tell. */
static ssize_t transferred(const SSL *session, int result) {
    int error = SSL_get_error(session, result);
    if (result <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) errx(1, "TLS error %d", error);
    return result > 0 ? result : -1;
}
#endif

/* Reads some bytes; -1 if there are none for now. */
static ssize_t input(struct connection *connection, void *target, size_t length) {
#ifdef WITH_TLS
    if (connection->tls) return transferred(connection->tls, SSL_read(connection->tls, target, (int)length));
#endif
    ssize_t got = recv(connection->fd, target, length, 0);
    if (got == 0) errx(1, "the server closed a connection");
    if (got < 0 && errno != EAGAIN) err(1, "recv");
    return got;
}

/* Writes some bytes; -1 if none can be for now. */
static ssize_t output(struct connection *connection, const void *source, size_t length) {
#ifdef WITH_TLS
    if (connection->tls) return transferred(connection->tls, SSL_write(connection->tls, source, (int)length));
#endif
    ssize_t put = send(connection->fd, source, length, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) err(1, "send");
    return put;
}

/* Loads the server until the window is over; `ready` goes on with a connection that has events. A server that got less
 * than half of the warm-up from its core, because something else did, is given up to four times as long. */
static void drive(void (*ready)(struct connection *)) {
    struct epoll_event events[MAX_EVENTS];
    struct moment first = {0}, last;
    uint64_t begin = now() + (uint64_t)(warmup * SECOND), latest = begin + (uint64_t)(warmup * SECOND * 3);
    uint64_t warm = server_pid ? server_time() + (uint64_t)(warmup * SECOND / 2) : 0;
    for (uint64_t time = 0, end = UINT64_MAX; time < end;) {
        int count = epoll_wait(poller, events, MAX_EVENTS, 10);
        if (count < 0 && errno != EINTR) err(1, "epoll_wait");
        time = now();
        if (!first.time && time >= begin && (time >= latest || server_time() >= warm)) {
            mark(&first);
            end = first.time + (uint64_t)(seconds * SECOND);
        }
        for (int i = 0; i < count; i++) ready(events[i].data.ptr);
    }
    mark(&last);
    putchar('{');
    report(&first, &last);
}

static void open_all(uint32_t events) {
    for (int i = 0; i < connections; i++) {
        open_connection(&all[i]);
        watch(&all[i], events);
    }
}

/* Opens all connections, lets each begin, and drives them. */
static void run(void (*begin)(struct connection *), uint32_t events, void (*ready)(struct connection *)) {
    open_all(events);
    for (int i = 0; begin && i < connections; i++) begin(&all[i]);
    drive(ready);
}

/* Edge-triggered: a short read or write is the last for now, for the next byte makes a new edge. */
static void send_message(struct connection *connection) {
    while (connection->sent < size) {
        memcpy(message, &connection->sequence, sizeof connection->sequence);
        ssize_t put = output(connection, message + connection->sent, size - connection->sent);
        if (put < 0) return;
        connection->sent += (size_t)put;
    }
}

/* Whether the reply is complete. */
static int receive_reply(struct connection *connection) {
    for (;;) {
        ssize_t got = input(connection, buffer, size + 1 - connection->received);
        if (got < 0) return 0;
        int begins = !connection->received && got >= (ssize_t)sizeof connection->sequence;
        if (begins && memcmp(buffer, &connection->sequence, sizeof connection->sequence)) errx(1, "a mixed-up reply");
        connection->received += (size_t)got;
        if (connection->received > size) errx(1, "a reply of more than %zu bytes", size);
        if (connection->received == size) return 1;
        if (!connection->tls) return 0;
    }
}

static void echo(struct connection *connection) {
    send_message(connection);
    if (!receive_reply(connection)) return;
    operations++;
    bytes += size;
    connection->sequence++;
    connection->sent = connection->received = 0;
    send_message(connection);
}

static void count_bytes(ssize_t count) {
    if (count > 0) bytes += (uint64_t)count;
    operations = bytes / size;
}

static void bulk_send(struct connection *connection) { count_bytes(output(connection, message, size)); }
static void bulk_receive(struct connection *connection) { count_bytes(input(connection, buffer, sizeof buffer)); }

static void send_request(struct connection *connection) {
    if (!connection->response) connection->response = malloc(RESPONSE_BYTES);
    connection->received = 0;
    if (output(connection, REQUEST, sizeof REQUEST - 1) != sizeof REQUEST - 1) errx(1, "a request was not sent whole");
}

static void http(struct connection *connection) {
    char *response = connection->response;
    ssize_t got = input(connection, response + connection->received, RESPONSE_BYTES - 1 - connection->received);
    if (got < 0) return;
    connection->received += (size_t)got;
    response[connection->received] = 0;
    char *end = strstr(response, "\r\n\r\n"), *length = strcasestr(response, "\r\ncontent-length:");
    if (!end) return;
    if (strncmp(response, "HTTP/1.1 200 ", 13) || !length || length > end) errx(1, "unexpected: %s", response);
    size_t whole = (size_t)(end + 4 - response) + strtoul(length + 17, NULL, 10);
    if (whole >= RESPONSE_BYTES || connection->received > whole) errx(1, "too long a response: %s", response);
    if (connection->received < whole) return;
    operations++;
    send_request(connection);
}

static void dial(struct connection *connection) {
    connection->fd = connect_socket(SOCK_NONBLOCK);
    watch(connection, EPOLLIN);
}

/* The server has closed its socket when the end comes; a reset then spares the system sockets in TIME_WAIT. */
static void accept_close(struct connection *connection) {
    struct linger reset = {.l_onoff = 1};
    ssize_t got = recv(connection->fd, buffer, 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got) errx(1, "not the end that was expected: %s", got < 0 ? strerror(errno) : "data");
    checked(setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "setsockopt");
    close(connection->fd);
    operations++;
    dial(connection);
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* A quantile in microseconds; sorts. */
static double quantile(uint64_t *nanoseconds, size_t count, double fraction) {
    qsort(nanoseconds, count, sizeof *nanoseconds, ascending);
    return (double)nanoseconds[(size_t)((double)(count - 1) * fraction)] / 1000;
}

/* Latency runs from when a message was due, so that a server that stalls is charged for all it kept waiting. It polls
 * without sleeping: its own processor share says nothing, how late it sent does. */
static void latency(void) {
    size_t limit = (size_t)(rate * seconds) + 1, measured = 0, replies = 0;
    uint64_t *delays = calloc(limit, sizeof *delays), *lateness = calloc(limit, sizeof *lateness);
    struct epoll_event events[MAX_EVENTS];
    struct moment first = {0}, last;
    open_all(EPOLLIN);
    for (int i = 0; i < connections; i++) all[i].due = calloc(RING, sizeof *all[i].due);
    double period = SECOND / rate;
    uint64_t start = now(), begin = start + (uint64_t)(warmup * SECOND), end = begin + (uint64_t)(seconds * SECOND);
    uint64_t due = start;
    for (uint64_t number = 0; due < end || replies < measured;) {
        uint64_t time = now();
        if (time > end + 5ull * SECOND) errx(1, "the server does not keep up");
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
    printf("{\"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"late_p99\": %.2f, ", quantile(delays, replies, 0.5),
           quantile(delays, replies, 0.99), quantile(delays, replies, 0.999), quantile(lateness, measured, 0.99));
    report(&first, &last);
}

/* Bytes of the server's process that are resident, exactly (statm is an estimate). */
static long resident(void) {
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", server_pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "Rss: %ld kB", &kilobytes) != 1) {}
    if (!kilobytes) errx(1, "no Rss in %s", path);
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
    sleep(1);
}

/* The first connections fill what the process's allocators had to spare; `connections` more are counted. */
static void idle(void) {
    settle(0, connections / SPARE);
    long before = resident();
    settle(connections / SPARE, connections / SPARE + connections);
    printf("{\"connection_bytes\": %.1f}\n", (double)(resident() - before) / connections);
}

static void parse(const char *argument) {
    int read = sscanf(argument, "port=%d", &port) + sscanf(argument, "server=%d", &server_pid)
             + sscanf(argument, "core=%d", &core) + sscanf(argument, "connections=%d", &connections)
             + sscanf(argument, "size=%zu", &size) + sscanf(argument, "warmup=%lf", &warmup)
             + sscanf(argument, "seconds=%lf", &seconds) + sscanf(argument, "rate=%lf", &rate)
             + sscanf(argument, "tls=%d", &tls);
    if (read != 1) errx(1, "what is %s?", argument);
}

int main(int count, char **arguments) {
    for (int i = 2; i < count; i++) parse(arguments[i]);
    if (count < 2 || !port || connections < 1 || size < 8 || size >= BUFFER_BYTES) errx(1, "options: see load.c");
    if (core >= 0) {
        cpu_set_t cores = {0};
        CPU_SET(core, &cores);
        checked(sched_setaffinity(0, sizeof cores, &cores), "sched_setaffinity");
    }
    poller = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    all = calloc((size_t)(connections + connections / SPARE), sizeof *all);
    for (int i = 0; i < connections; i++) all[i].sequence = (uint64_t)i << 40;
    memset(message, 'x', size);
    const char *mode = arguments[1];
    if (!strcmp(mode, "echo")) run(send_message, EPOLLIN | EPOLLOUT | EPOLLET, echo);
    else if (!strcmp(mode, "bulk-send")) run(NULL, EPOLLOUT, bulk_send);
    else if (!strcmp(mode, "bulk-receive")) run(NULL, EPOLLIN, bulk_receive);
    else if (!strcmp(mode, "http")) run(send_request, EPOLLIN, http);
    else if (!strcmp(mode, "accept")) {
        for (int i = 0; i < connections; i++) dial(&all[i]);
        drive(accept_close);
    } else if (!strcmp(mode, "latency")) latency();
    else if (!strcmp(mode, "idle")) idle();
    else errx(1, "no mode %s", mode);
    return 0;
}
