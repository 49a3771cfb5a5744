"""The Java virtual machine of JPype: how the tests start it, and a few of Java's own classes that do what they need."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Final

import java_libraries
import jdk

MAX_HEAP: Final = "-Xmx128m"


def start_options() -> tuple[list[str], list[str]]:
    """The arguments and the class path of the virtual machine: the JDK's that builds PyLoop."""
    import pyloop.java as pj  # noqa: PLC0415 - the test processes without Java have no need of it

    library = str(jdk.find() / "lib" / "server" / "libjvm.so")
    arguments = [
        library,
        "-Xrs",
        MAX_HEAP,
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
    ]
    return arguments, [str(pj.JAR), *map(str, java_libraries.provide())]


def start() -> None:
    """Start the virtual machine, unless it runs, and have it open every file that it will have open."""
    import jpype  # noqa: PLC0415

    if jpype.isJVMStarted():
        return
    arguments, class_path = start_options()
    jpype.startJVM(*arguments, classpath=class_path, convertStrings=False)
    # A class that is in none of the jars, random numbers, and a socket: with the first of each, Java keeps files open.
    with contextlib.suppress(TypeError):
        jpype.JClass("no.such.Class")
    jpype.JClass("java.security.SecureRandom")().nextInt()
    jpype.JClass("java.nio.channels.SocketChannel").open().close()


def program() -> str:
    """The beginning of a program that uses Java, in a process of its own."""
    arguments, class_path = start_options()
    return f"""
import asyncio, os, sys, threading, time
import jpype, pyloop, pyloop.java as pj
jpype.startJVM(*{arguments!r}, classpath={class_path!r}, convertStrings=False)
Future = jpype.JClass("java.util.concurrent.CompletableFuture")
MILLISECONDS = jpype.JClass("java.util.concurrent.TimeUnit").MILLISECONDS
"""


def java(name: str) -> Any:
    """A class of Java's."""
    import jpype  # noqa: PLC0415

    return jpype.JClass(name)


def concurrent(name: str) -> Any:
    """A class of ``java.util.concurrent``."""
    return java(f"java.util.concurrent.{name}")


def later(value: object, milliseconds: int = 5) -> Any:
    """A future that a thread of Java's completes."""
    return concurrent("CompletableFuture")().completeOnTimeout(value, milliseconds, concurrent("TimeUnit").MILLISECONDS)


def identity() -> Any:
    """Java's function that returns its argument."""
    return java("java.util.function.Function").identity()


def folder() -> Path:
    """Where the tests that need Java are."""
    return Path(__file__).resolve().parents[1] / "java"
