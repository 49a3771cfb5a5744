package dev.pyloop.reactor.epoll;

import dev.pyloop.libc.EpollWait;
import dev.pyloop.reactor.Poller;
import dev.pyloop.reactor.PollerContract;

/** epoll without {@code epoll_pwait2}, as older systems and filters of containers have it. */
class MillisecondEpollPollerTest extends PollerContract {
    @Override
    protected Poller make() {
        return new EpollPoller(new EpollWait(false));
    }
}
