"""Starts the Java virtual machine inside this process, through its invocation interface.

The structures and the function table are those of the Java Native Interface specification, chapters 4 and 5.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_ubyte, c_void_p
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_JNI_VERSION = 0x00150000

# Positions in the function table of a JNI environment.
_FIND_CLASS = 6
_EXCEPTION_OCCURRED = 15
_EXCEPTION_CLEAR = 17
_GET_OBJECT_CLASS = 31
_GET_METHOD_ID = 33
_CALL_OBJECT_METHOD_A = 36
_GET_STATIC_METHOD_ID = 113
_CALL_STATIC_VOID_METHOD_A = 143
_GET_STRING_UTF_CHARS = 169


class _Option(ctypes.Structure):
    _fields_ = (("text", c_char_p), ("extra", c_void_p))


class _InitArgs(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("count", c_int),
        ("options", POINTER(_Option)),
        ("ignore_unrecognized", c_ubyte),
    )


class Jvm:
    """The virtual machine of this process, seen from the thread that started it. The GIL is held during every call."""

    def __init__(self, libjvm: Path, options: Sequence[str]) -> None:
        """Create the virtual machine; there can be one per process, and never a second one.

        Raises:
            RuntimeError: it did not start, for instance because it does not know an option.
        """
        library = ctypes.PyDLL(str(libjvm))
        array = (_Option * len(options))(*(_Option(option.encode(), None) for option in options))
        arguments = _InitArgs(_JNI_VERSION, len(options), array, 0)
        machine, self._environment = c_void_p(), c_void_p()
        status = library.JNI_CreateJavaVM(byref(machine), byref(self._environment), byref(arguments))
        if status:
            raise RuntimeError(
                f"the Java virtual machine {libjvm} did not start (status {status}) with the options {list(options)}"
            )

    def call_static(self, class_name: str, method: str, *arguments: int) -> None:
        """Call a static Java method that takes only longs and returns nothing.

        Raises:
            RuntimeError: it threw a Java exception.
            BaseException: the Python exception it left behind.
        """
        class_ = self._call(_FIND_CLASS, c_void_p, (c_char_p, class_name.encode()))
        self._check()
        signature = "(" + "J" * len(arguments) + ")V"
        target = self._call(
            _GET_STATIC_METHOD_ID,
            c_void_p,
            (c_void_p, class_),
            (c_char_p, method.encode()),
            (c_char_p, signature.encode()),
        )
        self._check()
        values = (c_int64 * len(arguments))(*arguments)
        self._call(_CALL_STATIC_VOID_METHOD_A, None, (c_void_p, class_), (c_void_p, target), (c_void_p, values))
        self._check()

    def _check(self) -> None:
        thrown = self._call(_EXCEPTION_OCCURRED, c_void_p)
        if not thrown:
            return
        self._call(_EXCEPTION_CLEAR, None)
        class_ = self._call(_GET_OBJECT_CLASS, c_void_p, (c_void_p, thrown))
        method = self._call(
            _GET_METHOD_ID, c_void_p, (c_void_p, class_), (c_char_p, b"toString"), (c_char_p, b"()Ljava/lang/String;")
        )
        text = self._call(_CALL_OBJECT_METHOD_A, c_void_p, (c_void_p, thrown), (c_void_p, method), (c_void_p, None))
        message = self._call(_GET_STRING_UTF_CHARS, c_char_p, (c_void_p, text), (c_void_p, None))
        raise RuntimeError(f"PyLoop's engine did not start: {message.decode(errors='replace')}")

    def _call(self, index: int, result: Any, *arguments: tuple[Any, Any]) -> Any:
        table = ctypes.cast(self._environment, POINTER(POINTER(c_void_p))).contents
        function = ctypes.PYFUNCTYPE(result, c_void_p, *(kind for kind, _ in arguments))(table[index] or 0)
        return function(self._environment, *(value for _, value in arguments))
