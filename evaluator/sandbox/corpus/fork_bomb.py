"""As many processes as there can be, and then more."""

import contextlib
import os

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

while True:
    with contextlib.suppress(OSError):
        os.fork()
