/* Messages that come back, bytes one way, and connections that end. */
#include "load.h"

/* Edge-triggered: a short read or write is the last for now, for the next byte makes a new edge. */
void send_message(struct connection *connection) {
    while (connection->sent < size) {
        memcpy(message, &connection->sequence, sizeof connection->sequence);
        ssize_t put = output(connection, message + connection->sent, size - connection->sent);
        if (put < 0) return;
        connection->sent += (size_t)put;
    }
}

/* Whether the reply is complete. */
int receive_reply(struct connection *connection) {
    for (;;) {
        ssize_t got = input(connection, buffer, size + 1 - connection->received);
        if (got < 0) return 0;
        int begins = !connection->received && got >= (ssize_t)sizeof connection->sequence;
        if (begins && memcmp(buffer, &connection->sequence, sizeof connection->sequence)) errx(1, "a mixed-up reply");
        connection->received += (size_t)got;
        if (connection->received > size) errx(1, "a reply of more than %zu bytes", size);
        if (connection->received == size) return 1;
        if (udp) errx(1, "a reply of %zd bytes", got);
        if (!connection->tls) return 0;
    }
}

void echo(struct connection *connection) {
    send_message(connection);
    if (!receive_reply(connection)) return;
    operations++;
    bytes += size;
    connection->sequence++;
    connection->sent = connection->received = 0;
    send_message(connection);
}

void run_echo(void) {
    open_all(EPOLLIN | EPOLLOUT | EPOLLET);
    for (int i = 0; i < connections; i++) send_message(&all[i]);
    drive(echo);
}

static void count_bytes(ssize_t count) {
    if (count > 0) bytes += (uint64_t)count;
    operations = bytes / size;
}

static void bulk_send(struct connection *connection) { count_bytes(output(connection, message, size)); }
static void bulk_receive(struct connection *connection) { count_bytes(input(connection, buffer, sizeof buffer)); }

void run_bulk_send(void) {
    open_all(EPOLLOUT);
    drive(bulk_send);
}

void run_bulk_receive(void) {
    open_all(EPOLLIN);
    drive(bulk_receive);
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

void run_accept(void) {
    poller = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    all = calloc((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++) dial(&all[i]);
    drive(accept_close);
}
