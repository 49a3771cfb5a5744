"""Compiles Java classes into one object file: GraalVM's native-image, up to the point where it would link.

The builder is run from its Maven artifacts on a JDK; with ``GRAALVM_HOME`` set, that GraalVM's ``native-image`` is run.
What it makes is kept as long as everything that it is made of stays the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from native_build import downloads, hints, jdks
from native_build.compiler import Compiler
from native_build.machine import check_memory
from project import ROOT

NAME = "pyloop"

# The heap of the builder, which takes a gigabyte more with all that it keeps beside it.
HEAP = "-Xmx2g"

OPTIONS = (
    "-H:+UnlockExperimentalVMOptions",
    f"-H:Name={NAME}",
    "-H:Features=dev.pyloop.builder.EngineFeature",
    "-H:+ExitAfterRelocatableImageWrite",
    "-H:-CheckToolchain",
    # Any processor of the kind will do.
    "-H:MicroArchitecture=compatibility",
    # The process belongs to the program: no thread of ours, no locale, no signal handler.
    "-H:-AllowVMInternalThreads",
    "-H:-UseSystemLocale",
    "-R:-EnableSignalHandling",
    "-H:-UseContainerSupport",
    # 25 nops a callback less: they are for a fault of some processors (SKX102), which C compilers do not mind either.
    "-H:-UseBranchesWithin32ByteBoundary",
    # A collection of so much takes a tenth of a millisecond; more would only be more memory of the program's.
    f"-R:MaxNewSize={4 << 20}",
    # Threads have small stacks; C sees to it that there is enough for Java (src/native/c/bridge/threads.c).
    "-H:StackYellowZoneSize=4096",
    "-H:StackRedZoneSize=4096",
)

JAVA = (
    # It does not run long enough to gain from Java's second compiler, on a machine with few processors.
    "-XX:TieredStopAtLevel=1",
    *("-XX:+UseParallelGC", "-Xss10m", "-XX:+UnlockExperimentalVMOptions", "-XX:+EnableJVMCI"),
    *("-XX:-UseJVMCICompiler", "--add-modules=ALL-DEFAULT"),
    f"--enable-native-access={','.join(jdks.BUILDER)}",
    "-Djdk.internal.lambda.disableEagerInitialization=true",
    "-Djava.lang.invoke.InnerClassLambdaMetafactory.initializeLambdas=false",
    *("-Djava.awt.headless=true", "-Duser.country=US", "-Duser.language=en"),
    "-Djava.system.class.loader=com.oracle.svm.hosted.NativeImageSystemClassLoader",
    *("-Dsubstratevm.HostLibC=glibc", "-Dorg.graalvm.nativeimage.imagecode=buildtime"),
)

MAIN = "org.graalvm.nativeimage.builder/com.oracle.svm.hosted.NativeImageGeneratorRunner"


@dataclass(frozen=True)
class Sources:
    """What the image is made of: a jar, and the folder of the C that the builder needs."""

    jar: Path
    support: Path


def build(sources: Sources, compiler: Compiler, folder: Path) -> Path:
    """Returns the object file, made in ``folder``.

    Raises:
        SystemExit: the builder failed, or cannot run here; the message says why.
    """
    hinted = folder / "hinted.jar"
    hints.apply(sources.jar, hinted)
    sources = replace(sources, jar=hinted)
    stamp = _stamp(sources)
    target = folder / f"{NAME}.o"
    stamp_file = folder / "stamp.txt"
    if target.is_file() and stamp_file.is_file() and stamp_file.read_text(encoding="ascii") == stamp:
        return target

    check_memory()
    output = folder / "output"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    # The builder runs a JDK of a lower update than it was made with; that is all that this check is about.
    os.environ["JVMCI_VERSION_CHECK"] = "ignore"
    _run(
        [
            *_builder(sources, compiler, folder),
            *OPTIONS,
            *(f"-H:Path={output}", f"-H:TempDirectory={output}", f"-H:CCompilerPath={compiler.program}"),
            f"-H:ImageBuildID={uuid.UUID(stamp[:32])}",
        ],
        folder / "builder.log",
    )
    (made,) = output.glob(f"*/{NAME}.o")
    stamp_file.unlink(missing_ok=True)
    made.replace(target)
    stamp_file.write_text(stamp, encoding="ascii")
    shutil.rmtree(output)
    return target


def _run(command: list[str | Path], log: Path) -> None:
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"{log.read_text(encoding='utf-8')}\nnative-image: exit status {done.returncode} ({log})")


def _builder(sources: Sources, compiler: Compiler, folder: Path) -> list[str | Path]:
    home = jdks.find()
    program = home / "bin" / "native-image"
    classes = os.pathsep.join(map(str, [sources.jar, *downloads.annotation_jars()]))
    if program.exists():
        return [program, "--shared", f"-J{HEAP}", "-cp", classes]
    jars = downloads.builder_jars()
    java_home = jdks.copy(home, folder / "jdk", compiler, sources.support / "reporter")
    arguments = folder / "opens.txt"
    arguments.write_text("\n".join(jdks.opens(java_home, jars)), encoding="utf-8")
    return [
        *(java_home / "bin" / "java", f"@{arguments}", HEAP, *JAVA),
        f"-Dorg.graalvm.version={downloads.graalvm_version()}",
        "-Dorg.graalvm.vendorversion=PyLoop",
        *jdks.module_path(jars),
        *("--module", MAIN, "-imagecp", classes, "-H:+SharedLibrary", f"-H:CLibraryPath={sources.support}"),
    ]


def _stamp(sources: Sources) -> str:
    """Returns a digest of all that an image is made of, the builder's own code by its version."""
    digest = hashlib.sha256("\0".join([downloads.graalvm_version(), HEAP, *OPTIONS, *JAVA]).encode())
    for path in [jdks.find() / "release", sources.jar, *sorted((sources.support / "include").iterdir())]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
