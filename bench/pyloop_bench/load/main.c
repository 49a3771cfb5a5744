/* The load generator: one thread, one epoll, non-blocking sockets, so that the server is the bottleneck.
 *
 *     load MODE port=N server=PID [core=N] [connections=N] [size=BYTES] [warmup=S] [seconds=S] [rate=N] [tls=1] [udp=1]
 *          [path=UNIX_SOCKET] [body=BYTES] [limit=N]
 *
 * It loads the server without a break, first until it is warm, then for the window that is measured (or, with a limit,
 * until so many more operations are done, however long that takes), and prints one line of JSON. The processor time of the server's process (all of its threads) is read at both ends of the window, by
 * the clock the kernel keeps for it; server=0 stands for a server that cannot be looked at.
 *
 * echo          one message outstanding per connection; a reply must be as long, and begin with the same 8 bytes
 * bulk-send     write `size` bytes again and again
 * bulk-receive  read whatever the server sends; an operation is `size` bytes
 * http          one GET outstanding per keep-alive connection; a response must be a 200 with a Content-Length
 * accept        connect, wait for the server to close, close; `connections` at a time
 * burst         datagrams, as many as the server acknowledges, which it does every 32
 * latency       `rate` messages per second, sent when they are due, whatever is still outstanding
 * idle          the memory of the server's process per open connection that has nothing to do
 * respond       the other way round: answers HTTP requests with `body` bytes until killed; prints its port
 */
#include "load.h"
#include <sched.h>

int port, core = -1, server_pid, connections = 1, tls, udp, body = 13;
const char *path;
size_t size = 64, limit;
double warmup = 2, seconds = 2, rate;

static const struct { const char *name; void (*run)(void); } MODES[] = {
    {"echo", run_echo},       {"bulk-send", run_bulk_send}, {"bulk-receive", run_bulk_receive},
    {"http", run_http},       {"accept", run_accept},       {"burst", run_burst},
    {"latency", run_latency}, {"idle", run_idle},           {"respond", run_respond},
};

static void parse(const char *argument) {
    if (!strncmp(argument, "path=", 5)) {
        path = argument + 5;
        return;
    }
    int read = sscanf(argument, "port=%d", &port) + sscanf(argument, "server=%d", &server_pid)
             + sscanf(argument, "core=%d", &core) + sscanf(argument, "connections=%d", &connections)
             + sscanf(argument, "size=%zu", &size) + sscanf(argument, "warmup=%lf", &warmup)
             + sscanf(argument, "seconds=%lf", &seconds) + sscanf(argument, "rate=%lf", &rate)
             + sscanf(argument, "tls=%d", &tls) + sscanf(argument, "udp=%d", &udp) + sscanf(argument, "body=%d", &body)
             + sscanf(argument, "limit=%zu", &limit);
    if (read != 1) errx(1, "what is %s?", argument);
}

int main(int count, char **arguments) {
    for (int i = 2; i < count; i++) parse(arguments[i]);
    if (count < 2 || connections < 1 || size < 8 || size >= BUFFER_BYTES) errx(1, "options: see main.c");
    if (core >= 0) {
        cpu_set_t cores = {0};
        CPU_SET(core, &cores);
        checked(sched_setaffinity(0, sizeof cores, &cores), "sched_setaffinity");
    }
    memset(message, 'x', size);
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
        if (strcmp(arguments[1], MODES[i].name)) continue;
        MODES[i].run();
        return 0;
    }
    errx(1, "no mode %s", arguments[1]);
}
