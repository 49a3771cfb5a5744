"""Starts the Java virtual machine in this process, or finds the one that is there, through the invocation interface.

The structures and the function tables are those of the Java Native Interface specification, chapters 4 and 5.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_ubyte, c_void_p
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_JNI_VERSION = 0x00150000

# Positions in the function table of a virtual machine, and in that of a thread's environment.
_ATTACH_CURRENT_THREAD_AS_DAEMON = 7
_FIND_CLASS = 6
_EXCEPTION_OCCURRED = 15
_EXCEPTION_CLEAR = 17
_NEW_OBJECT_A = 30
_GET_OBJECT_CLASS = 31
_GET_METHOD_ID = 33
_CALL_OBJECT_METHOD_A = 36
_GET_STATIC_METHOD_ID = 113
_CALL_STATIC_VOID_METHOD_A = 143
_NEW_STRING_UTF = 167
_GET_STRING_UTF_CHARS = 169
_NEW_OBJECT_ARRAY = 172


class _Option(ctypes.Structure):
    _fields_ = (("text", c_char_p), ("extra", c_void_p))


class _InitArgs(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("count", c_int),
        ("options", POINTER(_Option)),
        ("ignore_unrecognized", c_ubyte),
    )


class JavaClass:
    """A Java class, seen from the thread that looked it up. The GIL is held during every call."""

    def __init__(self, environment: c_void_p, reference: int) -> None:
        self._environment = environment
        self._reference = reference

    def call_static(self, method: str, *arguments: int) -> None:
        """Call a static method that takes only longs and returns nothing.

        Raises:
            RuntimeError: it threw a Java exception.
        """
        jni = _Jni(self._environment)
        signature = "(" + "J" * len(arguments) + ")V"
        target = jni.call(
            _GET_STATIC_METHOD_ID,
            c_void_p,
            (c_void_p, self._reference),
            (c_char_p, method.encode()),
            (c_char_p, signature.encode()),
        )
        values = (c_int64 * len(arguments))(*arguments)
        jni.call(_CALL_STATIC_VOID_METHOD_A, None, (c_void_p, self._reference), (c_void_p, target), (c_void_p, values))


def start(libjvm: str, options: Sequence[str], jar: str | None, class_name: str) -> JavaClass:
    """Create the virtual machine and return a class of ``jar`` or, if that is None, of its class path.

    There can be one per process, and never another.

    Raises:
        RuntimeError: it did not start, for instance because it does not know an option.
    """
    library = _load(libjvm)
    array = (_Option * len(options))(*(_Option(os.fsencode(option), None) for option in options))
    arguments = _InitArgs(_JNI_VERSION, len(options), array, 0)
    machine, environment = c_void_p(), c_void_p()
    status = library.JNI_CreateJavaVM(byref(machine), byref(environment), byref(arguments))
    if status:
        raise RuntimeError(
            f"the Java virtual machine {libjvm} did not start (status {status}) with the options {list(options)}"
        )
    jni = _Jni(environment)
    return JavaClass(environment, jni.find_class(class_name) if jar is None else jni.load_class(jar, class_name))


def join(jar: str, class_name: str) -> JavaClass | None:
    """Return a class of ``jar`` in the virtual machine that somebody started in this process; None if nobody did.

    Raises:
        RuntimeError: the class could not be loaded, for instance because this Java is too old for it.
    """
    libjvm = _mapped_libjvm()
    if libjvm is None:
        return None
    environment = c_void_p()
    machine = _running(libjvm)
    if machine is None:
        return None
    if _function(machine, _ATTACH_CURRENT_THREAD_AS_DAEMON, c_int, c_void_p, c_void_p)(
        machine, byref(environment), None
    ):
        raise RuntimeError("this thread could not be attached to the Java virtual machine that runs in this process")
    return JavaClass(environment, _Jni(environment).load_class(jar, class_name))


def _running(libjvm: str) -> c_void_p | None:
    machine, count = c_void_p(), c_int()
    _load(libjvm).JNI_GetCreatedJavaVMs(byref(machine), 1, byref(count))
    return machine if count.value else None


class _Jni:
    """The JNI functions of a thread. Each call raises RuntimeError for a Java exception."""

    def __init__(self, environment: c_void_p) -> None:
        self._environment = environment

    def find_class(self, name: str) -> int:
        """Return a class that the system's class loader finds; ``name`` has slashes."""
        return int(self.call(_FIND_CLASS, c_void_p, (c_char_p, name.encode())))

    def load_class(self, jar: str, name: str) -> int:
        """Return a class from a jar, by a class loader of its own."""
        path = self.call(_NEW_STRING_UTF, c_void_p, (c_char_p, jar.encode()))
        file = self._new("java/io/File", "(Ljava/lang/String;)V", path)
        uri = self._invoke(file, "toURI", "()Ljava/net/URI;")
        url = self._invoke(uri, "toURL", "()Ljava/net/URL;")
        urls = self.call(
            _NEW_OBJECT_ARRAY, c_void_p, (c_int, 1), (c_void_p, self.find_class("java/net/URL")), (c_void_p, url)
        )
        loader = self._new("java/net/URLClassLoader", "([Ljava/net/URL;)V", urls)
        text = self.call(_NEW_STRING_UTF, c_void_p, (c_char_p, name.replace("/", ".").encode()))
        return self._invoke(loader, "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;", text)

    def call(self, index: int, result: Any, *arguments: tuple[Any, Any]) -> Any:
        """Call the JNI function at ``index`` of the table; the arguments are pairs of a C type and a value."""
        returned = self._call(index, result, *arguments)
        thrown = self._call(_EXCEPTION_OCCURRED, c_void_p)
        if thrown:
            self._call(_EXCEPTION_CLEAR, None)
            raise RuntimeError(f"PyLoop's engine did not start: {self._describe(thrown)}")
        return returned

    def _new(self, class_name: str, signature: str, argument: int) -> int:
        class_ = self.find_class(class_name)
        method = self._method(class_, "<init>", signature)
        values = (c_void_p * 1)(argument)
        return int(self.call(_NEW_OBJECT_A, c_void_p, (c_void_p, class_), (c_void_p, method), (c_void_p, values)))

    def _invoke(self, target: int, name: str, signature: str, *arguments: int) -> int:
        method = self._method(self.call(_GET_OBJECT_CLASS, c_void_p, (c_void_p, target)), name, signature)
        values = (c_void_p * len(arguments))(*arguments)
        return int(
            self.call(_CALL_OBJECT_METHOD_A, c_void_p, (c_void_p, target), (c_void_p, method), (c_void_p, values))
        )

    def _method(self, class_: int, name: str, signature: str) -> int:
        return int(
            self.call(
                _GET_METHOD_ID,
                c_void_p,
                (c_void_p, class_),
                (c_char_p, name.encode()),
                (c_char_p, signature.encode()),
            )
        )

    def _describe(self, thrown: int) -> str:
        text = self._invoke(thrown, "toString", "()Ljava/lang/String;")
        message = self._call(_GET_STRING_UTF_CHARS, c_char_p, (c_void_p, text), (c_void_p, None))
        return str(message.decode(errors="replace"))

    def _call(self, index: int, result: Any, *arguments: tuple[Any, Any]) -> Any:
        function = _function(self._environment, index, result, *(kind for kind, _ in arguments))
        return function(self._environment, *(value for _, value in arguments))


def _function(owner: c_void_p, index: int, result: Any, *parameters: Any) -> Any:
    """Return a function of the table that ``owner`` points to; all take the owner first."""
    table = ctypes.cast(owner, POINTER(POINTER(c_void_p))).contents
    return ctypes.PYFUNCTYPE(result, c_void_p, *parameters)(table[index] or 0)


def _load(library: str) -> ctypes.PyDLL:
    try:
        return ctypes.PyDLL(library)
    except OSError as error:
        raise RuntimeError(f"the Java virtual machine could not be loaded: {error}") from error


def _mapped_libjvm() -> str | None:
    """Return the JVM's library that is in the process, if there is one."""
    try:
        maps = Path("/proc/self/maps").read_bytes()
    except OSError:
        return None  # without /proc nobody tells, and who starts a second one gets an error
    end = maps.find(b"/libjvm.so\n")
    if end < 0:
        return None
    line = maps[maps.rfind(b"\n", 0, end) + 1 : maps.find(b"\n", end)]
    return os.fsdecode(line[line.index(b"/") :])
