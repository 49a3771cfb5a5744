"""Programs with Python inside, which may end the interpreter and begin another one in the same process."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from support.programs import run_command

_SOURCE: Final = r"""
#include <dlfcn.h>
#include <stdio.h>

/* Runs each argument behind the first, the interpreter's library, in an interpreter of its own, one after the other. */
int main(int count, char **arguments) {
    void *python = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
    if (python == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    void (*initialize)(void) = (void (*)(void))dlsym(python, "Py_Initialize");
    int (*run)(const char *) = (int (*)(const char *))dlsym(python, "PyRun_SimpleString");
    int (*finalize)(void) = (int (*)(void))dlsym(python, "Py_FinalizeEx");
    for (int i = 2; i < count; i++) {
        initialize();
        if (run(arguments[i]) != 0 || finalize() != 0) {
            return 3;
        }
    }
    puts("ended");
    return 0;
}
"""

_PROGRAM: Final = """
import asyncio, sys, warnings
warnings.simplefilter("ignore")
sys.path += [path for path in {path!r} if path not in sys.path]
async def main():
    server = await asyncio.start_server(lambda reader, writer: (writer.write(b"x"), writer.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    server.close()
    return data
try:
    {use}
except RuntimeError as error:
    print(error, flush=True)
"""
_WITH_PYLOOP: Final = "import pyloop; print(pyloop.run(main()), flush=True)"
_WITH_ASYNCIO: Final = "print(asyncio.run(main()), flush=True)"

_needs_asyncio: Final = pytest.mark.skipif(
    sys.version_info[:2] == (3, 12), reason="Python 3.12 crashes when asyncio is imported in a second interpreter"
)

_Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def interpreters(tmp_path_factory: pytest.TempPathFactory) -> _Run:
    """Runs the uses that it is given in one interpreter after the other, in one process."""
    compiler = shutil.which("cc")
    names = (sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LDLIBRARY"))
    folder = Path(sysconfig.get_config_var("LIBDIR") or sys.base_prefix, ".")
    library = next((folder / name for name in names if name and ".so" in name and (folder / name).exists()), None)
    if compiler is None or library is None:
        pytest.skip("this machine has no C compiler, or this Python is no library that programs can be made with")
    made = tmp_path_factory.mktemp("embedding")
    (made / "embed.c").write_text(_SOURCE, encoding="ascii")
    subprocess.run([compiler, made / "embed.c", "-o", made / "embed", "-ldl"], check=True)

    def run(*uses: str) -> subprocess.CompletedProcess[str]:
        programs = [_PROGRAM.format(path=sys.path, use=use) for use in uses]
        return run_command([str(made / "embed"), str(library), *programs], env={"PYTHONHOME": sys.base_prefix})

    return run


def test_a_program_with_python_inside_runs_loops(interpreters: _Run) -> None:
    done = interpreters(_WITH_PYLOOP)
    assert (done.stdout.splitlines(), done.returncode) == (["b'x'", "ended"], 0), done.stderr


@_needs_asyncio
def test_a_second_interpreter_is_refused_a_loop_of_pyloop_s_and_has_asyncio_s(interpreters: _Run) -> None:
    done = interpreters(_WITH_PYLOOP, _WITH_PYLOOP, _WITH_ASYNCIO, _WITH_PYLOOP)
    first, second, third, fourth, end = done.stdout.splitlines()
    assert (first, third, end, done.returncode) == ("b'x'", "b'x'", "ended", 0), done.stderr
    assert all("initialized after another one of this process had ended" in line for line in (second, fourth))


@_needs_asyncio
def test_a_second_interpreter_has_loops_if_the_first_had_none(interpreters: _Run) -> None:
    done = interpreters("import pyloop; print(pyloop.engine(), flush=True)", _WITH_ASYNCIO, _WITH_PYLOOP)
    assert (done.stdout.splitlines()[1:], done.returncode) == (["b'x'", "b'x'", "ended"], 0), done.stderr
