"""Chooses the engine and starts it, before the first loop."""
