"""Benchmarks of every event loop that is installed: ``python -m pyloop.bench``."""
