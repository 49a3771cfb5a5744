"""Builds PyLoop's engine as a native library; ``tools/native_library.py`` is the command."""
