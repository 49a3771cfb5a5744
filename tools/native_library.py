"""Builds PyLoop's engine as a native library: ``python3 tools/native_library.py``.

The classes are compiled by GraalVM's native-image (tools/native_build/image.py), the C beside them by Zig
(tools/native_build/compiler.py), which also links both. src/native/c/support/README.md says what the C is for.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import zlib
from pathlib import Path

from native_build import check, compiler, downloads, image, jdks, machine, unwinding
from project import BUILD, ROOT

C_SOURCES = ROOT / "src" / "native" / "c"


def build(jar: Path, bridge: Path, exports: list[str], output: Path) -> str:
    """Builds the library ``output`` of the classes in ``jar`` and the C files in ``bridge``, and says what came of it.

    Raises:
        SystemExit: it could not be built, or does not stand the checks.
    """
    this = machine.this()
    folder = BUILD / "native" / "library"
    zig = compiler.provide(downloads.zig(), this, folder)
    support = C_SOURCES / "support"
    image_object = image.build(image.Sources(jar, support), zig, folder)
    includes = [support / "include", *jdks.includes(jdks.find())]
    frames = folder / "frames.s"
    unwinding.write(image_object, frames)
    objects = zig.compile([frames, *sorted(support.glob("*.c")), *sorted(bridge.glob("*.c"))], includes)

    made = folder / output.name
    zig.link([image_object, *objects], exports, made)
    library = check.requirements(made, this, compiler.GLIBC)
    check.loads(made)
    output.parent.mkdir(parents=True, exist_ok=True)
    made.replace(output)
    size = output.stat().st_size
    packed = len(zlib.compress(output.read_bytes()))
    return f"{output}: {size / 1e6:.1f} MB, {packed / 1e6:.1f} MB packed, glibc {library.glibc[0]}.{library.glibc[1]}"


def main() -> None:
    """Builds the library and prints its size, and what building it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jar", type=Path, default=ROOT / "target" / "native" / "pyloop.jar", help="the classes")
    parser.add_argument("--bridge", type=Path, default=C_SOURCES / "bridge", help="a folder of C files beside them")
    parser.add_argument("--export", action="append", help="a symbol to show, PyInit__native if none is named")
    parser.add_argument("--output", type=Path, default=ROOT / "python" / "pyloop" / "_native.abi3.so")
    options = parser.parse_args()
    start = time.monotonic()
    report = build(options.jar, options.bridge, options.export or ["PyInit__native"], options.output)
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    sys.stdout.write(f"{report}; built in {seconds:.0f} s with {peak / 1e9:.1f} GB\n")


if __name__ == "__main__":
    main()
