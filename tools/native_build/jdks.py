"""The JDK that runs GraalVM's builder: a copy of the one on this machine, by links, with the one library it lacks.

The builder is made for a JDK of its own version, and works on internals of it: another feature version would not do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import jdk
from native_build.compiler import Compiler

FEATURE = 25

# Modules of the JDK that the builder reaches into.
OPENED = ("java.base", "java.logging", "java.management", "jdk.internal.vm.ci", "jdk.jfr", "jdk.management")

# Who reaches into them, and into each other.
BUILDER = (
    *("org.graalvm.nativeimage", "org.graalvm.nativeimage.base", "org.graalvm.nativeimage.builder"),
    *("org.graalvm.nativeimage.configure", "org.graalvm.nativeimage.libgraal", "org.graalvm.nativeimage.objectfile"),
    *("org.graalvm.nativeimage.pointsto", "jdk.graal.compiler", "org.graalvm.truffle.compiler", "ALL-UNNAMED"),
)

PACKAGE = re.compile(r"^(?:qualified exports|exports|contains) ([\w.]+)", re.MULTILINE)


def find() -> Path:
    """Returns the folder of ``GRAALVM_HOME`` if that is set, else of the first JDK that the builder is made for.

    Raises:
        SystemExit: there is none, or ``GRAALVM_HOME`` has no native-image.
    """
    if graalvm := os.environ.get("GRAALVM_HOME"):
        home = Path(graalvm)
        if jdk.feature_version(home) != FEATURE or not (home / "bin" / "native-image").exists():
            raise SystemExit(f"GRAALVM_HOME is {home}, which is no GraalVM for JDK {FEATURE} with bin/native-image")
        return home
    seen = []
    for origin, home in jdk.candidates():
        version = jdk.feature_version(home)
        if version == FEATURE:
            return home.resolve()
        seen.append(f"  {home} ({origin}): {'no JDK' if version is None else f'JDK {version}'}")
    raise SystemExit(
        f"The native library is built on JDK {FEATURE}, not on a newer one, and none was found. Looked at:\n"
        + "\n".join(seen)
        + f"\nInstall one (Temurin {FEATURE}, for example), or set JAVA_HOME to it."
    )


def facts(home: Path) -> dict[str, str]:
    """Returns what a JDK says of itself, with ``SOURCE_REPO`` and ``COMMIT`` (of its sources) in any case."""
    lines = (home / "release").read_text(encoding="utf-8").splitlines()
    release = {name: text.strip('"') for name, text in (line.split("=", 1) for line in lines if "=" in line)}
    return {
        "SOURCE_REPO": "https://github.com/openjdk/jdk25u",
        **release,
        "COMMIT": release.get("SOURCE", "unknown").rpartition(":")[2],
    }


def copy(home: Path, folder: Path, compiler: Compiler, sources: Path) -> Path:
    """Makes the copy in ``folder`` and returns it; ``sources`` has the C of the library that is added.

    Java finds its folder by its program and its libraries, so that these are true copies.

    Raises:
        SystemExit: the library does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(home / "bin" / "java", folder / "bin")
    libraries = folder / "lib"
    libraries.mkdir()
    for path in (home / "lib").iterdir():
        if path.suffix == ".so":
            shutil.copy2(path, libraries)
        elif path.name == "server":
            shutil.copytree(path, libraries / path.name, ignore=shutil.ignore_patterns("*.jsa"))
        else:
            (libraries / path.name).symlink_to(path)
    for path in home.iterdir():
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    helper = libraries / "svm" / "builder" / "lib"
    helper.mkdir(parents=True)
    compiler.link_helper(sources, includes(home), helper / "libreporterchelper.so")
    return folder


def includes(home: Path) -> list[Path]:
    """Returns the folders of jni.h."""
    return [home / "include", home / "include" / "linux"]


def opens(home: Path, jars: list[Path]) -> list[str]:
    """Returns the options that open the builder's modules to each other, and those of the JDK to the builder."""
    java = home / "bin" / "java"
    packages = [f"{module}/{package}" for module in OPENED for package in _packages_of_module(java, module)]
    for name, jar in _modules(java, jars).items():
        packages += [f"{name}/{package}" for package in _packages_of_jar(jar)]
    return [f"--add-opens={package}={','.join(BUILDER)}" for package in packages]


def module_path(jars: list[Path]) -> list[str | Path]:
    """Returns the options by which Java finds the builder's modules, its compiler in place of the JDK's own."""
    compiler = [jar for jar in jars if jar.name.startswith("compiler-")]
    others = [jar for jar in jars if jar not in compiler]
    return ["--upgrade-module-path", *compiler, "--module-path", os.pathsep.join(map(str, others))]


def _modules(java: Path, jars: list[Path]) -> dict[str, Path]:
    """Returns the modules in jars by their names."""
    lines = _output(java, *module_path(jars), "--list-modules")
    found = re.findall(r"^([\w.]+)(?:@\S+)? file://(\S+\.jar)", lines, re.MULTILINE)
    return {name: Path(file) for name, file in found}


def _packages_of_module(java: Path, name: str) -> list[str]:
    return PACKAGE.findall(_output(java, "--describe-module", name))


def _packages_of_jar(jar: Path) -> list[str]:
    with ZipFile(jar) as content:
        files = [name for name in content.namelist() if name.endswith(".class") and not name.startswith("META-INF/")]
    return sorted({name.rpartition("/")[0].replace("/", ".") for name in files} - {""})


def _output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
