"""Random programs that misuse a loop in every way that Python lets them: ``python -m support.hostile_programs 0-20``.

They change the fields of handles, empty the loop's queues, collect garbage and schedule from destructors, in callbacks
and outside. What they do is of no interest, only that the process survives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import random
import socket
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from support.loops import PYLOOP, LoopFactory

_STEPS: Final = 1500
_MAX_DEPTH: Final = 6
_FIELDS: Final = (
    "_callback",
    "_args",
    "_context",
    "_loop",
    "_cancelled",
    "_repr",
    "_source_traceback",
    "_when",
    "_scheduled",
)

ERRORS: Final = (RuntimeError, TypeError, AttributeError, ValueError, LookupError, OSError)
"""What misuse may raise."""

_VARIABLE: contextvars.ContextVar[object] = contextvars.ContextVar("variable")


class _Busy:
    """A callback and an argument that goes on with the program when it is called, and when it dies."""

    def __init__(self, program: HostileProgram) -> None:
        self._program = program

    def __call__(self, *_: object) -> None:
        self._program.go_on()

    def __del__(self) -> None:
        # An error here would only be printed.
        with contextlib.suppress(*ERRORS):
            self._program.go_on()


class HostileProgram:
    """The program of one seed; it ends after so many steps, whatever the loop makes of them."""

    def __init__(self, seed: int, factory: LoopFactory = PYLOOP) -> None:
        self._random = random.Random(seed)
        self._loop: Any = factory()
        self._loop.set_exception_handler(self._keep_some)
        self._handles: list[Any] = []
        self._kept: list[object] = []
        self._contexts = [contextvars.copy_context() for _ in range(3)]
        self._sockets: list[socket.socket] = []
        self._steps = _STEPS
        self._depth = 0
        # The likelier an operation, the more often it is here.
        self._operations: list[Callable[[], object]] = [
            *[self._call_soon] * 6,
            *[self._call_later] * 3,
            *[self._cancel] * 3,
            self._call_from_another_thread,
            self._forget_a_handle,
            self._tamper,
            self._collect,
            self._watch,
            self._watch,
            self._unwatch,
            self._send,
            self._receive,
            self._toggle_debug_mode,
            self._empty_the_queue,
            self._run_in_a_context,
            self._change_a_context,
            self._refer_weakly,
            self._make_a_task,
            self._look_at_handles,
            self._run_a_handle,
            self._loop.stop,
            self._close,
        ]

    def run(self) -> None:
        """Run the program to its end."""
        with ExitStack() as stack:
            for _ in range(3):
                self._sockets += [stack.enter_context(end) for end in socket.socketpair()]
            for end in self._sockets:
                end.setblocking(False)
            while self._steps > 0 and not self._loop.is_closed():
                with contextlib.suppress(*ERRORS):
                    self.go_on()
                with contextlib.suppress(*ERRORS):
                    self._loop.call_later(0.001, self._loop.stop)
                    self._run_loop()
            self._steps = 0
            if self._random.random() < 0.7:
                self._loop.close()

    def go_on(self) -> None:
        """Do something, unless this is already deep inside of what was done before.

        Raises:
            Exception: one of ERRORS, as a rule of one's own making.
        """
        if self._steps <= 0 or self._depth == _MAX_DEPTH:
            return
        self._steps -= 1
        self._depth += 1
        try:
            for _ in range(self._random.randrange(1, 4)):
                self._random.choice(self._operations)()
        finally:
            self._depth -= 1

    def _run_loop(self) -> None:
        # A program may have lost the timer that stops it.
        rescue = threading.Timer(0.05, self._rescue)
        rescue.start()
        try:
            self._loop.run_forever()
        finally:
            rescue.cancel()
            rescue.join()

    def _rescue(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _keep_some(self, _loop: object, context: dict[str, Any]) -> None:
        if self._random.random() < 0.1:
            self._kept.append(context)

    def _call(self) -> list[Any]:
        """A callback, as likely as not a good one, and arguments."""
        callbacks = [_Busy(self), self.go_on, self._kept.clear, gc.collect, 5, lambda *_: self.go_on()]
        arguments: list[list[Any]] = [[], [_Busy(self)], [1, _Busy(self), _Busy(self)]]
        return [self._random.choice(callbacks), *self._random.choice(arguments)]

    def _keywords(self) -> dict[str, Any]:
        return {"context": self._random.choice(self._contexts)} if self._random.random() < 0.3 else {}

    def _note(self, handle: object) -> None:
        if self._random.random() < 0.5:
            self._handles.append(handle)

    def _handle(self) -> Any:
        return self._random.choice(self._handles)

    def _call_soon(self) -> None:
        method = self._random.choice([self._loop.call_soon, self._loop.call_soon_threadsafe])
        self._note(method(*self._call(), **self._keywords()))

    def _call_later(self) -> None:
        delay = self._random.choice([0, 0, 0.0001, 0.001, 100])
        self._note(self._loop.call_later(delay, *self._call(), **self._keywords()))

    def _call_from_another_thread(self) -> None:
        def call() -> None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.go_on)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    def _cancel(self) -> None:
        self._handle().cancel()

    def _forget_a_handle(self) -> None:
        del self._handles[self._random.randrange(len(self._handles))]

    def _tamper(self) -> None:
        handle, field = self._handle(), self._random.choice(_FIELDS)
        if self._random.random() < 0.4:
            delattr(handle, field)
            return
        values = [None, 1, 2.5, "x", (), (1,), [], True, False, self.go_on, _Busy(self), self._loop, handle]
        setattr(handle, field, self._random.choice([*values, *self._contexts]))

    def _collect(self) -> None:
        gc.collect(self._random.randrange(3))

    def _watch(self) -> None:
        method = self._random.choice([self._loop.add_reader, self._loop.add_writer])
        method(self._random.choice(self._sockets), *self._call())

    def _unwatch(self) -> None:
        method = self._random.choice([self._loop.remove_reader, self._loop.remove_writer])
        method(self._random.choice(self._sockets))

    def _send(self) -> None:
        self._random.choice(self._sockets).send(b"x")

    def _receive(self) -> None:
        self._random.choice(self._sockets).recv(100)

    def _toggle_debug_mode(self) -> None:
        self._loop.set_debug(not self._loop.get_debug())

    def _empty_the_queue(self) -> None:
        if self._random.random() < 0.2:
            self._loop._ready.clear()

    def _close(self) -> None:
        # Not too soon, for it is the end of the program.
        if self._random.random() < 0.02:
            self._loop.close()

    def _run_in_a_context(self) -> None:
        self._random.choice(self._contexts).run(self.go_on)

    def _change_a_context(self) -> None:
        _VARIABLE.set(_Busy(self))
        self._contexts[self._random.randrange(3)] = contextvars.copy_context()

    def _refer_weakly(self) -> None:
        self._kept.append(weakref.ref(self._handle(), _Busy(self)))

    def _make_a_task(self) -> None:
        async def main() -> None:
            for _ in range(self._random.randrange(4)):
                self.go_on()
                await asyncio.sleep(self._random.choice([0, 0, 0.0001]))

        self._loop.create_task(main())

    def _look_at_handles(self) -> None:
        handle = self._handle()
        repr(handle)
        hash(handle)
        sorted(other for other in self._handles if isinstance(other, asyncio.TimerHandle))

    def _run_a_handle(self) -> None:
        self._handle()._run()


def main() -> None:
    """Run the programs of the seeds that the command line names, and say which."""
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    first, last = map(int, sys.argv[1].split("-"))
    for seed in range(first, last):
        print(seed, flush=True)
        HostileProgram(seed).run()
        gc.collect()


if __name__ == "__main__":
    main()
