# The native library's module.

from types import ModuleType

# Starts the engine, once in a process, and adds its types to the module.
# Raises RuntimeError if this is a sub-interpreter, or an interpreter that the engine does not know.
def start(module: ModuleType, max_heap_bytes: int, /) -> None: ...
