"""The engine's types, in Java. Importing this module starts the JVM."""

import sys

from . import _platform

# First, because other modules cannot even be imported where PyLoop cannot work.
_platform.check()

from . import _runtime  # noqa: E402

BORROWED = _runtime.start(sys.modules[__name__])
