/** Floor 2: the poller over Linux epoll. */
@NullMarked
package dev.pyloop.reactor.epoll;

import org.jspecify.annotations.NullMarked;
