"""Hostile programs, each run in a container of its own; attacks.py says what must become of them."""
