package dev.pyloop.bridge;

/** A Python object that is nothing of Java's: it can be handed on, and is itself again when it comes back to Python. */
public interface PythonValue {}
