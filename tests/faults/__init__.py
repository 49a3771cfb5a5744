"""System calls that fail, one at a time, under scenarios of every kind: what happens then on both loops."""
