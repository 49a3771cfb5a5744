"""The C that makes up for what GraalVM's artifacts lack (src/native/c/support), each part by itself."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from native_build import compiler, downloads, jdks, machine
from project import ROOT

SUPPORT: Final = ROOT / "src" / "native" / "c" / "support"

# The names that Linux and the headers have for the same features.
FEATURES: Final = {
    "x86_64": {
        **{name: name.upper() for name in ("adx", "aes", "avx", "avx2", "avx512f", "bmi1", "bmi2", "cmov", "cx8")},
        **{name: name.upper() for name in ("erms", "f16c", "fma", "fsrm", "fxsr", "mmx", "popcnt", "rdpid", "rdtscp")},
        **{name: name.upper() for name in ("sse", "sse2", "sse4_1", "sse4_2", "ssse3", "tsc", "gfni", "clwb")},
        "pni": "SSE3",
        "abm": "LZCNT",
        "pclmulqdq": "CLMUL",
        "sha_ni": "SHA",
        "hypervisor": "HV",
        "clflush": "FLUSH",
        "clflushopt": "FLUSHOPT",
        "3dnowprefetch": "AMD_3DNOW_PREFETCH",
        "vaes": "AVX512_VAES",
    },
    "aarch64": {
        **{name: name.upper() for name in ("fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "sve")},
        "atomics": "LSE",
        "fphp": "FPHP",
        "asimdhp": "ASIMDHP",
        "dcpop": "DCPOP",
        "sha3": "SHA3",
        "paca": "PACA",
    },
}
HEADERS: Final = {"x86_64": "amd64cpufeatures.h", "aarch64": "aarch64cpufeatures.h"}

PRINT_FEATURES: Final = """
#include <stdio.h>
#include "{header}"
void determineCPUFeatures(CPUFeatures *);
int checkCPUFeatures(const unsigned char *);
#define PRINT(name, ...) printf("%s %d\\n", #name, features.f##name);
int main(void) {{
    CPUFeatures features = {{0}};
    determineCPUFeatures(&features);
    CPU_FEATURES({uses})
    unsigned char required[sizeof features];
    for (size_t i = 0; i < sizeof features; i++) {{
        required[i] = ((char *)&features)[i] ? 0xfe : 0xff;
    }}
    printf("missing %d\\n", checkCPUFeatures(required));
    ((unsigned char *)required)[offsetof(CPUFeatures, f{never})] = 0xfe;
    printf("missing %d\\n", checkCPUFeatures(required));
}}
"""
# A field of each header that is always 0.
NEVER: Final = {"x86_64": "TSCINV", "aarch64": "A53MAC"}


@pytest.fixture(scope="module")
def zig(tmp_path_factory: pytest.TempPathFactory) -> compiler.Compiler:
    return compiler.provide(downloads.zig(), machine.this(), tmp_path_factory.mktemp("c"))


@pytest.fixture
def shared(zig: compiler.Compiler, tmp_path: Path) -> Callable[..., Path]:
    """Makes a library of some of the C files that shows all of their functions named."""

    def make(name: str, *exports: str) -> Path:
        includes = [SUPPORT / "include", *jdks.includes(jdks.find())]
        library = tmp_path / f"{name}.so"
        visible = tmp_path / f"{name}.c"
        visible.write_text(f'#pragma GCC visibility push(default)\n#include "{SUPPORT / name}.c"\n', encoding="utf-8")
        zig.link(zig.compile([visible], [SUPPORT, *includes]), exports, library)
        return library

    return make


def run_python(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)


def test_a_stub_that_is_reached_says_its_name_and_ends_the_process(shared: Callable[..., Path]) -> None:
    library = shared("stubs", "Java_java_net_InetAddress_init")
    done = run_python("import ctypes, sys; ctypes.CDLL(sys.argv[1]).Java_java_net_InetAddress_init()", library)
    assert done.returncode == -signal.SIGABRT
    assert "Java_java_net_InetAddress_init" in done.stderr


def test_the_limit_on_descriptors_stays_as_it_is(shared: Callable[..., Path]) -> None:
    library = ctypes.CDLL(os.fspath(shared("process", "setrlimit")))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert library.setrlimit(resource.RLIMIT_NOFILE, (ctypes.c_ulong * 2)(before[0] - 1, before[1])) == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_the_file_of_the_image_is_closed_and_no_other(shared: Callable[..., Path], tmp_path: Path) -> None:
    library = ctypes.CDLL(os.fspath(shared("image_file", "openSII", "pyloop_close_image_file")))
    library.pyloop_close_image_file()  # nothing was opened yet
    image = library.openSII(os.fsencode(__file__), os.O_RDONLY, 0)
    maps = library.openSII(b"/proc/self/maps", os.O_RDONLY, 0)
    assert not os.get_inheritable(image)
    library.pyloop_close_image_file()
    library.pyloop_close_image_file()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(image)
    os.close(maps)


def test_the_features_of_the_processor_are_those_that_linux_knows(zig: compiler.Compiler, tmp_path: Path) -> None:
    name = platform.machine()
    program, source = tmp_path / "features", tmp_path / "features.c"
    uses = "PRINT" if name == "aarch64" else "PRINT, PRINT, PRINT"
    source.write_text(PRINT_FEATURES.format(header=HEADERS[name], uses=uses, never=NEVER[name]), encoding="ascii")
    headers = [f"-I{SUPPORT / 'include'}", f"-I{SUPPORT}", "-include", "stddef.h"]
    subprocess.run([zig.program, *headers, source, SUPPORT / f"cpu_{name}.c", "-o", program], check=True)
    *lines, nothing_missing, something_missing = subprocess.run(
        [program], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    found = {word: value == "1" for word, value in (line.split() for line in lines)}

    information = Path("/proc/cpuinfo").read_text(encoding="ascii")
    (flags, *_) = (line for line in information.splitlines() if line.lower().startswith(("flags", "features")))
    known = set(flags.partition(":")[2].split())
    assert {ours: found[ours] for ours in FEATURES[name].values()} == {
        ours: linux in known for linux, ours in FEATURES[name].items()
    }
    assert [nothing_missing, something_missing] == ["missing 0", "missing 1"]


class Jni:
    """A Java virtual machine with one stream, whose descriptor is ``fd``, and one array: what printing needs.

    References are the numbers below; a closed stream has no descriptor.
    """

    STREAM, DESCRIPTOR, CLASS, FIELD, ARRAY = range(1, 6)
    # Where the functions are in JNI's table (struct JNINativeInterface).
    FIND_CLASS, THROW_NEW, GET_OBJECT_CLASS, GET_FIELD_ID = 6, 14, 31, 94
    GET_OBJECT_FIELD, GET_INT_FIELD, GET_BYTE_ARRAY_REGION, EXCEPTION_CHECK = 95, 100, 200, 228

    def __init__(self, fd: int, content: bytes) -> None:
        self.fd, self.content = fd, content
        self.thrown: list[str] = []
        self._kept: list[Any] = []
        table = (ctypes.c_void_p * 300)()
        pointer, number = ctypes.c_void_p, ctypes.c_int
        self._set(table, self.FIND_CLASS, pointer, lambda env, name: self.CLASS, ctypes.c_char_p)
        self._set(table, self.THROW_NEW, number, self._throw, pointer, ctypes.c_char_p)
        self._set(table, self.GET_OBJECT_CLASS, pointer, lambda env, of: self.CLASS, pointer)
        self._set(
            *(table, self.GET_FIELD_ID, pointer, lambda env, of, name, kind: self.FIELD),
            *(pointer, ctypes.c_char_p, ctypes.c_char_p),
        )
        self._set(table, self.GET_OBJECT_FIELD, pointer, lambda env, of, field: self.DESCRIPTOR, pointer, pointer)
        self._set(table, self.GET_INT_FIELD, number, lambda env, of, field: self.fd, pointer, pointer)
        self._set(table, self.GET_BYTE_ARRAY_REGION, None, self._copy, pointer, number, number, pointer)
        self._set(table, self.EXCEPTION_CHECK, ctypes.c_ubyte, lambda env: bool(self.thrown))
        self._table = table
        self.environment = ctypes.pointer(ctypes.c_void_p(ctypes.addressof(table)))

    def _set(self, table: Any, index: int, result: Any, function: Callable[..., Any], *parameters: Any) -> None:
        callback = ctypes.CFUNCTYPE(result, ctypes.c_void_p, *parameters)(function)
        self._kept.append(callback)
        table[index] = ctypes.cast(callback, ctypes.c_void_p)

    def _throw(self, env: int, kind: int, message: bytes) -> int:
        self.thrown.append(message.decode())
        return 0

    def _copy(self, env: int, array: int, offset: int, size: int, target: int) -> None:
        if offset + size > len(self.content):
            self.thrown.append("out of bounds")
        else:
            ctypes.memmove(target, self.content[offset : offset + size], size)


@pytest.fixture
def write_bytes(shared: Callable[..., Path]) -> Callable[[Jni, int, int], None]:
    name = "Java_java_io_FileOutputStream_writeBytes"
    function = ctypes.CDLL(os.fspath(shared("java_io", name)))[name]

    def write(java: Jni, offset: int, size: int) -> None:
        function(java.environment, ctypes.c_void_p(Jni.STREAM), ctypes.c_void_p(Jni.ARRAY), offset, size, False)

    return write


def test_printing_writes_the_part_of_the_array(write_bytes: Callable[[Jni, int, int], None]) -> None:
    reader, writer = os.pipe()
    try:
        java = Jni(writer, b"one two three")
        write_bytes(java, 4, 3)
        write_bytes(java, 0, 0)
        assert os.read(reader, 100) == b"two"
        assert not java.thrown
    finally:
        os.close(reader)
        os.close(writer)


def test_printing_that_fails_throws_what_the_system_says(write_bytes: Callable[[Jni, int, int], None]) -> None:
    java = Jni(-1, b"text")
    write_bytes(java, 0, 4)
    assert java.thrown == [os.strerror(9)]


def test_printing_out_of_bounds_writes_nothing(write_bytes: Callable[[Jni, int, int], None]) -> None:
    reader, writer = os.pipe()
    java = Jni(writer, b"text")
    write_bytes(java, 2, 3)
    os.close(writer)
    assert os.read(reader, 100) == b""
    assert java.thrown == ["out of bounds"]
    os.close(reader)
