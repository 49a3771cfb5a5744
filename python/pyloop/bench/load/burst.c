/* Datagrams one way. The receiver's buffer would drop what it cannot hold, so that no more are on their way than it
 * holds by default: the server acknowledges every 32 with the number it has received. */
#include "load.h"

enum { ON_THEIR_WAY = 96 };
static const uint64_t PATIENCE = 10ull * SECOND;
static uint64_t sent, last_reply;

static void send_burst(struct connection *connection) {
    for (; sent - operations < ON_THEIR_WAY && sent < target; sent++) {
        memcpy(message, &sent, sizeof sent);
        if (output(connection, message, size) < 0) return;
    }
}

static void burst(struct connection *connection) {
    uint64_t received;
    while (input(connection, &received, sizeof received) == (ssize_t)sizeof received) {
        if (received > sent || received < operations) errx(1, "%zu received, %zu sent", (size_t)received, (size_t)sent);
        operations = received;
        bytes = received * size;
        last_reply = now();
    }
    if (now() - last_reply > PATIENCE) errx(1, "datagrams were lost: %zu sent, %zu received", (size_t)sent, (size_t)operations);
    send_burst(connection);
}

void run_burst(void) {
    open_all(EPOLLIN | EPOLLOUT);
    last_reply = now();
    send_burst(&all[0]);
    drive(burst);
}
