"""Sparse terabyte."""

import os
from pathlib import Path

from evaluator.sandbox.corpus.probe import attempt

for path in ("/holdout/out/predictions.csv", "/tmp/sparse", "/dev/shm/sparse"):
    with Path(path).open("wb") as file:
        attempt(f"a sparse terabyte in {path}", os.ftruncate, file.fileno(), 1 << 40)
        attempt(f"a byte at a terabyte in {path}", os.pwrite, file.fileno(), b"x", 1 << 40)
Path("/holdout/out/predictions.csv").unlink()
print("done")
