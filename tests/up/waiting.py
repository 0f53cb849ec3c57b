"""Waiting for what another process does."""

import time
from collections.abc import Callable

PATIENCE_S = 600  # for a hang, not for a slow machine


def until(condition: Callable[[], object], meanwhile: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        meanwhile()
        time.sleep(0.01)
