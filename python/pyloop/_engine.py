"""The engine's types, which are Java's, and ``runtime``, what runs it. Importing this module starts the engine."""

import sys

from ._start import choice

runtime = choice.start(sys.modules[__name__])
