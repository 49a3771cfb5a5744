"""``python -m pyloop top``: a look into the event loops of another process."""
