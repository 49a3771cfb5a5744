/* Datagrams one way. The receiver's buffer would drop what it cannot hold, so that no more are on their way than it
 * holds by default: the server acknowledges every 32 with the number it has received.
 *
 * One system call hands the kernel 32 that lie one behind the other, and the size to cut them to (UDP_SEGMENT, Linux
 * 4.18). Sent one by one, they would cost the generator more than they cost a server, and all servers would look alike. */
#include "load.h"
#include <netinet/in.h>
#include <netinet/udp.h>

enum { TOGETHER = 32, ON_THEIR_WAY = 3 * TOGETHER };
static const uint64_t PATIENCE = 10ull * SECOND;
static uint64_t sent, last_reply;

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void send_burst(struct connection *connection) {
    for (;;) {
        uint64_t count = smaller(smaller(ON_THEIR_WAY - (sent - operations), target - sent), TOGETHER);
        if (!count) return;
        for (uint64_t i = 0, number = sent; i < count; i++, number++) memcpy(message + i * size, &number, sizeof number);
        if (output(connection, message, count * size) < 0) return;
        sent += count;
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
    int segment = (int)size;
    checked(setsockopt(all[0].fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), "setsockopt(UDP_SEGMENT)");
    last_reply = now();
    send_burst(&all[0]);
    drive(burst);
}
