"""What ``python -m pyloop`` does."""
