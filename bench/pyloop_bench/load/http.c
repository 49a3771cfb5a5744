/* HTTP, as little of it as a benchmark needs: a client, and a server for benchmarks of clients. */
#include "load.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>

enum { MESSAGE_BYTES = 1 << 16 };
static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

/* Appends what has come to the text; 0 if nothing has, or the peer has closed. */
static int append(struct connection *connection) {
    size_t space = MESSAGE_BYTES - 1 - connection->received;
    if (!space) errx(1, "too long a message: %.200s", connection->text);
    ssize_t got = recv(connection->fd, connection->text + connection->received, space, 0);
    if (got < 0 && errno != EAGAIN && errno != ECONNRESET) err(1, "recv");
    if (got <= 0) return 0;
    connection->received += (size_t)got;
    connection->text[connection->received] = 0;
    return 1;
}

static void send_whole(struct connection *connection, const char *text, size_t length) {
    if (send(connection->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) errx(1, "a message was not sent whole");
}

static void send_request(struct connection *connection) {
    if (!connection->text) connection->text = malloc(MESSAGE_BYTES);
    connection->received = 0;
    send_whole(connection, REQUEST, sizeof REQUEST - 1);
}

static void http(struct connection *connection) {
    char *text = connection->text;
    if (!append(connection)) errx(1, "the server closed a connection");
    char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\ncontent-length:");
    if (!end) return;
    if (strncmp(text, "HTTP/1.1 200 ", 13) || !length || length > end) errx(1, "unexpected: %.200s", text);
    size_t whole = (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
    if (whole >= MESSAGE_BYTES || connection->received > whole) errx(1, "too long a response: %.200s", text);
    if (connection->received < whole) return;
    operations++;
    send_request(connection);
}

void run_http(void) {
    open_all(EPOLLIN);
    for (int i = 0; i < connections; i++) send_request(&all[i]);
    drive(http);
}

/* Answers the requests that have come whole; a peer that goes takes its connection's memory with it. */
static void respond(struct connection *connection, const char *response, size_t length) {
    if (!append(connection)) {
        close(connection->fd);
        free(connection->text);
        free(connection);
        return;
    }
    for (char *end; (end = strstr(connection->text, "\r\n\r\n"));) {
        size_t request = (size_t)(end + 4 - connection->text);
        connection->received -= request;
        memmove(connection->text, end + 4, connection->received + 1);
        send_whole(connection, response, length);
    }
}

static void welcome(int listener) {
    int one = 1;
    struct connection *connection = calloc(1, sizeof *connection);
    connection->fd = checked(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), "accept4");
    connection->text = malloc(MESSAGE_BYTES);
    checked(setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
    watch(connection, EPOLLIN);
}

void run_respond(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct connection listener = {.fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
    checked(bind(listener.fd, (struct sockaddr *)&address, sizeof address), "bind");
    checked(listen(listener.fd, 1024), "listen");
    checked(getsockname(listener.fd, (struct sockaddr *)&address, &length), "getsockname");
    poller = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(&listener, EPOLLIN);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int head = snprintf(buffer, sizeof buffer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
                        body);
    memset(buffer + head, 'x', (size_t)body);
    for (struct epoll_event events[MAX_EVENTS];;) {
        int count = epoll_wait(poller, events, MAX_EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &listener) welcome(listener.fd);
            else respond(events[i].data.ptr, buffer, (size_t)(head + body));
        }
    }
}
