"""``python -m pyloop.bench``; the code is that of the distribution ``pyloop-bench``."""
