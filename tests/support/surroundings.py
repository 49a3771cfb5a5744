"""Commands that run others where something is short, missing or forbidden."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence

import pytest

_PREFIX = ("sh", "-c")
_THEN_RUN = 'exec "$@"'

WITHOUT_PROC = "mount -t tmpfs none /proc"
READ_ONLY = """
while read -r _ folder _; do mount -o remount,bind,ro "$folder" 2>/dev/null; done < /proc/mounts
! touch /tmp/written 2>/dev/null
"""


def after(script: str, command: Sequence[str]) -> list[str]:
    """`command` in what a shell `script` makes of the process; it does not run if that fails."""
    return [*_PREFIX, f"{{ {script}\n}} && {_THEN_RUN}", "sh", *command]


def in_namespace(script: str, command: Sequence[str]) -> list[str]:
    """`command` after a `script` that changes mounts, for itself alone."""
    unshare = _unshare()
    if unshare is None:
        pytest.skip("this system allows no mount namespaces of one's own")
    return [*unshare, *after(script, command)]


def as_somebody(command: Sequence[str]) -> list[str]:
    """`command` where limits on processes hold: for root they do not. Files stay readable."""
    if os.getuid() != 0:
        return list(command)
    capabilities = "-sys_resource,-sys_admin"
    return ["setpriv", "--ruid", "65533", "--bounding-set", capabilities, "--inh-caps", capabilities, *command]


@functools.cache
def _unshare() -> list[str] | None:
    command = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if shutil.which(command[0]) is None:
        return None
    tried = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return None if tried.returncode else command
