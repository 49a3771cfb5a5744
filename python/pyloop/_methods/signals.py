"""Signal handlers of the loop, by asyncio's own code. A wake-up descriptor of the program's hears of signals too.

While a loop of the main thread sleeps, the engine has signals written to the self-pipe, if nobody else has them. So the
wake-up descriptor of the process is the loop's only while the loop has handlers, as on asyncio.
"""

from __future__ import annotations

import contextlib
import os
import signal

from pyloop import _stock

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVarTuple

    _Ts = TypeVarTuple("_Ts")

_NO_DESCRIPTOR = -1
_CLOSED = -1

# The loops that have handlers, and so the descriptor; the last one had it last.
_claiming: list[SignalMethods] = []


class PipeEnd:
    """One end of the loop's self-pipe, with as much of a socket's interface as inherited code uses.

    asyncio has a pair of sockets here, in which there is room for some 280 signals, each a byte; those that come when
    it is full are lost. A pipe holds 65,536. The engine owns the descriptor, and closes it right after this object is
    closed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor, -1 once closed."""
        return self._descriptor

    def recv(self, size: int) -> bytes:
        """Read up to ``size`` bytes.

        Raises:
            BlockingIOError: there are none.
        """
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Let go of the descriptor."""
        self._descriptor = _CLOSED


class SignalMethods(_stock.SelectorEventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    _csock: Any
    # Who had the signals before: a descriptor of the program's, or a loop.
    _outer_wakeup: int | SignalMethods
    _signal_handlers: dict[int, Any]

    def add_signal_handler(self, sig: int, callback: Callable[[*_Ts], object], *args: *_Ts) -> None:
        """Have a callback run when a signal arrives.

        Raises:
            TypeError: the callback is a coroutine, or the signal is not an int.
            ValueError: there is no such signal, or it cannot be caught.
            RuntimeError: this is not the main thread, or the loop is closed.
        """
        before = _current_descriptor()
        super().add_signal_handler(sig, callback, *args)
        if self not in _claiming:
            ours = self._wakeup_fd()
            self._outer_wakeup = next(
                (loop for loop in reversed(_claiming) if loop._wakeup_fd() == before),
                _NO_DESCRIPTOR if before == ours else before,
            )
            _claiming.append(self)

    def remove_signal_handler(self, sig: int) -> bool:
        """Remove the handler of a signal; return whether there was one.

        Raises:
            TypeError: the signal is not an int.
            ValueError: there is no such signal.
            RuntimeError: the signal cannot be caught.
        """
        before = _current_descriptor()
        removed = super().remove_signal_handler(sig)
        if removed and not self._signal_handlers:
            if self in _claiming:
                _claiming.remove(self)
            # Given up with the last handler. It was another's meanwhile, or goes back to who had it.
            self._give_wakeup_fd(self._outer_wakeup_fd() if before == self._wakeup_fd() else before)
        return removed

    def _give_wakeup_fd(self, descriptor: int) -> None:
        if descriptor != _NO_DESCRIPTOR:
            # It may have been closed meanwhile, and this may not be the main thread.
            with contextlib.suppress(OSError, ValueError):
                signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)

    def _outer_wakeup_fd(self) -> int:
        """Return who had the signals before: the program, or a loop that has handlers. Those may go in any order."""
        outer = self._outer_wakeup
        while isinstance(outer, SignalMethods):
            if outer in _claiming:
                return outer._wakeup_fd()
            outer = outer._outer_wakeup
        return outer

    def _wakeup_fd(self) -> int:
        return _NO_DESCRIPTOR if self._csock is None else int(self._csock.fileno())

    def _process_self_data(self, data: bytes) -> None:
        outer = self._outer_wakeup_fd() if self in _claiming else _NO_DESCRIPTOR
        if outer != _NO_DESCRIPTOR:
            try:
                os.write(outer, data)
            except BlockingIOError:
                pass  # Full: whoever reads it learns of signals all the same, and this one may be the last it lacks.
            except OSError:
                self._outer_wakeup = _NO_DESCRIPTOR
        super()._process_self_data(data)

    @staticmethod
    def _give_up_signals_in_child() -> None:
        """Keep the signals to a forked child from the parent's loops, as asyncio does from 3.12 on."""
        current = _current_descriptor()
        if any(loop._wakeup_fd() == current for loop in _claiming):
            signal.set_wakeup_fd(_NO_DESCRIPTOR)
        _claiming.clear()


def _current_descriptor() -> int:
    try:
        current = signal.set_wakeup_fd(_NO_DESCRIPTOR)
    except ValueError:
        return _NO_DESCRIPTOR  # only the main thread may ask
    if current != _NO_DESCRIPTOR:
        try:
            signal.set_wakeup_fd(current, warn_on_full_buffer=False)
        except OSError:
            return _NO_DESCRIPTOR  # closed by who has set it
    return current
