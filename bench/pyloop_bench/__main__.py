"""``python -m pyloop.bench``: measures, reports."""

from .command_line import main

if __name__ == "__main__":
    main()
