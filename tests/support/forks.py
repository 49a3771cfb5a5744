"""Forking, for programs that run in processes of their own."""

from __future__ import annotations

from typing import Final

IN_CHILD: Final = """
import warnings
warnings.simplefilter("ignore")  # of the interpreter, about threads

def in_child(action):
    \"\"\"Do an action in a forked child; its exit code.\"\"\"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:
            say(type(error).__name__, error)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
"""For loop programs: the function `in_child(action)`."""
