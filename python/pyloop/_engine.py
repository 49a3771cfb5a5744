"""The engine's types, in Java. Importing this module starts the JVM."""

import sys

from . import _runtime

_runtime.start(sys.modules[__name__])
