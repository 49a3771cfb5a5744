package dev.pyloop.reactor.epoll;

import dev.pyloop.reactor.Poller;
import dev.pyloop.reactor.PollerContract;

/** epoll as the system has it: where there is {@code epoll_pwait2}, sleeps are precise. */
class EpollPollerTest extends PollerContract {
    @Override
    protected Poller make() {
        return new EpollPoller();
    }
}
