"""The engine's types, which are Java's, and ``runtime``, what runs it. Importing this module starts the engine."""

import sys

from . import _choice

runtime = _choice.start(sys.modules[__name__])
