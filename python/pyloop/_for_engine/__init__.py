"""What the engine imports by name: the Python functions it calls, and the fields it finds in Python's objects."""
