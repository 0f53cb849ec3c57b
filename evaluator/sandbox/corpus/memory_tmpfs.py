"""Fills every place that is memory behind a file's name, then asks for more."""

import contextlib
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

for path in ("/tmp/fill", "/dev/shm/fill"):
    with contextlib.suppress(OSError), Path(path).open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * (1 << 18))
held = []
while True:
    held.append(bytearray(b"x" * (1 << 20)))
