/* What the parts of the load generator share: main.c tells what it does. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
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

enum { MAX_EVENTS = 512, BUFFER_BYTES = 1 << 20, RING = 4096, SECOND = 1000000000 };

struct connection {
    int fd;
    SSL *tls;
    size_t sent;                  /* bytes of the message that are on their way */
    size_t received;              /* bytes of its reply that have come */
    uint64_t sequence;            /* what the message begins with, whatever the byte order */
    char *text;                   /* HTTP: what has come of a message */
    uint64_t *due;                /* latency: when the messages outstanding were due, a ring */
    uint32_t first, outstanding;
};

struct moment { uint64_t time, operations, bytes, server, own; };

typedef void handler(struct connection *);

/* The options. */
extern int port, core, server_pid, connections, tls, udp, body;
extern const char *path;
extern size_t size, limit;
extern double warmup, seconds, rate;

/* The state. */
extern int poller;
extern struct connection *all;
extern uint64_t operations, bytes, target; /* target: how many operations there are to be at the end */
extern char message[BUFFER_BYTES], buffer[BUFFER_BYTES];

/* measure.c */
int checked(int result, const char *call);
uint64_t now(void);
uint64_t server_time(void);
void mark(struct moment *moment);
void report(const struct moment *first, const struct moment *last);
void warm_up(handler *ready);
void drive(handler *ready);

/* connection.c */
int connect_socket(int flags);
void watch(struct connection *connection, uint32_t events);
void open_connection(struct connection *connection);
void open_all(uint32_t events);
ssize_t input(struct connection *connection, void *target, size_t length);
ssize_t output(struct connection *connection, const void *source, size_t length);

/* echo.c */
void send_message(struct connection *connection);
int receive_reply(struct connection *connection);
handler echo;

/* The modes. */
void run_echo(void);
void run_bulk_send(void);
void run_bulk_receive(void);
void run_accept(void);
void run_http(void);
void run_respond(void);
void run_burst(void);
void run_latency(void);
void run_idle(void);
