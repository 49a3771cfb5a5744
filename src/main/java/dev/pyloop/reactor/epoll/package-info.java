/**
 * Floor 2: the poller over Linux epoll. Its traps, and what asyncio's selector does in each.
 *
 * <p><b>What an entry is.</b> epoll keys its set by (open file, descriptor number), and a program knows numbers only. The kernel
 * drops an entry when the last descriptor of the <i>file</i> is closed, not when the number is. All that follows comes of this.
 *
 * <p><b>A number was closed, and names another file by now.</b> The entry went with the old file, so the set holds less than we
 * believe: a modification answers ENOENT. We add the new file. asyncio's selector raises {@code FileNotFoundError}, or, if the
 * interest is the same as before, does not tell epoll at all: the callback never runs.
 *
 * <p><b>A number was closed while a duplicate of its file lives</b>, in a child process for example. The entry stays and reports
 * the number, and nobody can remove it: the number is needed for that, and is closed (EBADF) or another file's (ENOENT). So
 * {@code remove} tells the kernel at once, before the descriptor is closed, and leaves nothing to the closing. If the program
 * closes first, the report finds no handle and is dropped; both loops then poll without sleeping as long as the duplicate is
 * ready.
 *
 * <p><b>The number comes to name the same file again</b>, by {@code dup2} from that duplicate. The set holds more than we
 * believe: an addition answers EEXIST. We modify the entry. asyncio's {@code add_reader} raises {@code FileExistsError}.
 *
 * <p><b>A descriptor is removed that is closed already.</b> EBADF or ENOENT, and no error here, as on asyncio, whose selector
 * swallows the {@code OSError}.
 *
 * <p><b>Waiting once.</b> Who waits once for a descriptor mostly does so again. asyncio adds and removes an entry each time; here
 * the entry stays, with EPOLLONESHOT. After its report it is silent, even about errors and hang-ups, and whoever the number
 * belongs to by then, until it is modified: one system call for each wait in place of two. A modification that answers ENOENT
 * says that the file was closed meanwhile, and the new one is added. An entry that was modified for a lasting watch in between
 * is no longer one-shot and has to be removed, so the poller remembers which are.
 *
 * <p><b>Errors and hang-ups</b> are reported unasked and for as long as they last. They count as readable and as writable, as
 * on asyncio: whoever tries sees the error. What is watched for nothing would be reported all the same, so it is removed and not
 * modified to nothing.
 *
 * <p><b>Files and directories</b> cannot be polled: EPERM, which becomes {@code PermissionError}, as on asyncio.
 *
 * <p><b>Room.</b> What does not fit in the array of one call comes with the next, which would change the order of callbacks. So
 * there is room for all that is watched, as on asyncio.
 *
 * <p><b>Time.</b> {@code epoll_wait} takes milliseconds. Rounded down, a timer would be polled for over and over before it is
 * due; rounded up, as asyncio does, it is up to one late. {@code epoll_pwait2} takes nanoseconds; kernels before 5.11 lack it,
 * and some containers refuse it with EPERM.
 *
 * <p><b>Signals.</b> A signal ends the wait with EINTR. The caller then has the interpreter run its handlers; CPython's
 * {@code epoll.poll} does that itself and goes on waiting.
 *
 * <p><b>Forks.</b> The child's epoll descriptor names the parent's set: what it removes there the parent does not hear of any
 * more. So the child makes a set of its own ({@code afterFork}). asyncio's goes on with the parent's.
 *
 * <p>{@code PollerContract} holds a test for each of these that can be seen from outside.
 */
@NullMarked
package dev.pyloop.reactor.epoll;

import org.jspecify.annotations.NullMarked;
