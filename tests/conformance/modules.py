"""The modules of the suite, and which of them a run takes."""

from __future__ import annotations

import importlib.util
import pkgutil

PACKAGE = "test.test_asyncio"

LOOP = frozenset(
    {
        "test_base_events",
        "test_buffered_proto",
        "test_context",
        "test_events",
        "test_futures2",
        "test_runners",
        "test_sendfile",
        "test_server",
        "test_sock_lowlevel",
        "test_ssl",
        "test_sslproto",
        "test_streams",
        "test_subprocess",
        "test_unix_events",
    }
)
"""Those whose results depend on the loop."""


def names(package: str = PACKAGE) -> list[str]:
    """Return the names of all modules of tests in ``package``.

    Raises:
        SystemExit: this interpreter comes without its own tests.
    """
    spec = importlib.util.find_spec("test") and importlib.util.find_spec(package)
    if not spec:
        raise SystemExit(f"this Python has no {package}: it was installed without the standard library's tests")
    found = pkgutil.iter_modules(spec.submodule_search_locations)
    return sorted(module.name for module in found if module.name.startswith("test_"))


def chosen(selection: str, package: str = PACKAGE) -> list[str]:
    """Return the modules ``selection`` stands for: "all", "loop", or names with commas between them.

    Raises:
        SystemExit: there is no module of one of the names.
    """
    known = names(package)
    match selection:
        case "all":
            return known
        case "loop":
            return [name for name in known if name in LOOP]
    wanted = selection.split(",")
    if unknown := set(wanted) - set(known):
        raise SystemExit(f"no such module in {package}: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return wanted
