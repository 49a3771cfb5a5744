/* Sockets of every kind the generator speaks through, and TLS over them. */
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/un.h>

int poller;
struct connection *all;
char message[BUFFER_BYTES], buffer[BUFFER_BYTES];

static int connect_unix(int flags) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) errx(1, "too long: %s", path);
    strcpy(address.sun_path, path);
    int fd = checked(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
    checked(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
    return fd;
}

int connect_socket(int flags) {
    if (path) return connect_unix(flags);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = checked(socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | flags, 0), "socket"), one = 1;
    if (!udp) checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) checked(-1, "connect");
    return fd;
}

void watch(struct connection *connection, uint32_t events) {
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
void open_connection(struct connection *connection) {
    connection->fd = connect_socket(0);
    if (tls) connection->tls = handshake(connection->fd);
    checked(fcntl(connection->fd, F_SETFL, O_NONBLOCK), "fcntl");
}

void open_all(uint32_t events) {
    poller = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    all = calloc((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++) {
        all[i].sequence = (uint64_t)i << 40;
        open_connection(&all[i]);
        watch(&all[i], events);
    }
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
ssize_t input(struct connection *connection, void *target, size_t length) {
#ifdef WITH_TLS
    if (connection->tls) return transferred(connection->tls, SSL_read(connection->tls, target, (int)length));
#endif
    ssize_t got = recv(connection->fd, target, length, 0);
    if (got == 0) errx(1, "the server closed a connection");
    if (got < 0 && errno != EAGAIN) err(1, "recv");
    return got;
}

/* Writes some bytes; -1 if none can be for now. */
ssize_t output(struct connection *connection, const void *source, size_t length) {
#ifdef WITH_TLS
    if (connection->tls) return transferred(connection->tls, SSL_write(connection->tls, source, (int)length));
#endif
    ssize_t put = send(connection->fd, source, length, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) err(1, "send");
    return put;
}
