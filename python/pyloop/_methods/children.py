"""A child process as a transport, watched through a descriptor of its own (pidfd) on the loop's poller.

No thread waits, and the handler of SIGCHLD stays the program's. The descriptor stands for the process itself and not
for its number: as soon as somebody has waited for the child, another process may get the number.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import struct
import warnings

from pyloop._stock import UnixSubprocessTransport, logger

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import asyncio
    import subprocess
    from collections.abc import Callable
    from typing import Any

_NO_DESCRIPTOR = -1
_UNKNOWN = 255  # what asyncio reports of a child that somebody else waited for

# linux/pidfd.h, from 6.15 on of use for a process that has been waited for:
#   struct pidfd_info { __u64 mask; __u64 cgroupid; __u32 ids[11]; __s32 exit_code; };
_INFO = struct.Struct("=QQ44xi")
_INFO_EXIT = 1 << 3
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11  # _IOWR(0xFF, 11, struct pidfd_info)


class SubprocessTransport(UnixSubprocessTransport):
    """asyncio's transport of a child process, which also owns the descriptor that stands for the child."""

    _exit_waiters: list[asyncio.Future[int]] | set[asyncio.Future[int]] | None
    _pidfd = _NO_DESCRIPTOR
    _proc: subprocess.Popen[bytes] | None

    def watch(self, children: dict[int, SubprocessTransport]) -> None:
        """Have the loop watch the child, which enters itself in ``children`` until it ends.

        Raises:
            OSError: descriptors are exhausted; the child was killed.
        """
        proc = self._proc
        assert proc is not None
        try:
            self._pidfd = os.pidfd_open(proc.pid)
            self._loop._add_reader(self._pidfd, self._ended)
            children[self._pidfd] = self
        except OSError:
            self.forget()
            self.close()
            self._process_exited(proc.wait())
            raise

    def forget(self, _close: Callable[[int], None] = os.close) -> None:
        """Close the descriptor without waiting for the child any longer."""
        # Nothing of this module is named here: at exit it may be empty.
        descriptor, self._pidfd = self._pidfd, type(self)._pidfd
        if descriptor >= 0:
            # Linux closes it whatever it answers.
            try:  # noqa: SIM105
                _close(descriptor)
            except OSError:
                pass

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the child has ended: never to a stranger that has got the child's number.

        Raises:
            ProcessLookupError: the transport is over.
            OSError: the system refuses.
        """
        self._check_proc()
        if self._pidfd == _NO_DESCRIPTOR:
            if self._returncode is None and self._proc is not None:
                self._proc.send_signal(number)  # the loop is closed
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    # asyncio's call the method send_signal in newer releases, and not in older ones.
    if "send_signal" not in UnixSubprocessTransport.kill.__code__.co_names:

        def terminate(self) -> None:
            """Send SIGTERM, as ``send_signal`` does."""
            SubprocessTransport.send_signal(self, signal.SIGTERM)

        def kill(self) -> None:
            """Send SIGKILL, as ``send_signal`` does."""
            SubprocessTransport.send_signal(self, signal.SIGKILL)

    # 3.14 wakes those who wait for the child each time that one of these is called, if the pipes were never connected;
    # to wake one twice is an error. From 3.15 on they are a set, and woken once.

    def _try_finish(self) -> None:
        self._forget_the_woken()
        super()._try_finish()

    def _call_connection_lost(self, exc: BaseException | None) -> None:
        self._forget_the_woken()
        super()._call_connection_lost(exc)

    def _forget_the_woken(self) -> None:
        if isinstance(self._exit_waiters, list):
            self._exit_waiters = [waiter for waiter in self._exit_waiters if not waiter.done()]

    def _ended(self) -> None:
        loop = self._loop
        loop._remove_reader(self._pidfd)
        loop._children.pop(self._pidfd, None)
        try:
            returncode = self._wait_for_end()
        finally:
            self.forget()
        loop._child_watcher_callback(self._pid, returncode, self)

    def _wait_for_end(self) -> int:
        proc = self._proc
        # Whoever asks the Popen object, as close() does, waits for the child and leaves the status there.
        if proc is not None and proc.returncode is not None:
            return proc.returncode
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        except ChildProcessError:
            return self._end_seen_by_others()
        assert result is not None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status

    def _end_seen_by_others(self) -> int:
        """Return how a child ended for which somebody else has waited."""
        info = bytearray(_INFO.pack(_INFO_EXIT, 0, 0))
        try:
            fcntl.ioctl(self._pidfd, _GET_INFO, info)
        except OSError as exc:
            if exc.errno not in (errno.ENOTTY, errno.EINVAL, errno.ESRCH):
                raise
        else:
            mask, _, status = _INFO.unpack(info)
            if mask & _INFO_EXIT:
                return os.waitstatus_to_exitcode(status)
        logger.warning("child process pid %d exit status already read:  will report returncode %d", self._pid, _UNKNOWN)
        return _UNKNOWN

    def __del__(self, _warn: Any = warnings.warn) -> None:
        # Bound early: at exit the module may be empty.
        try:
            super().__del__(_warn)
        finally:
            self.forget()
