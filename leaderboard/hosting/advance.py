"""Moves submissions on."""


def advance() -> None:
    raise NotImplementedError
