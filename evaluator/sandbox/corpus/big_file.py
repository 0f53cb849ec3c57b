"""Big file."""

from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

with Path("/holdout/out/predictions.csv").open("wb", buffering=0) as file:
    for _ in range(20 << 10):
        if file.write(b"x" * (1 << 20)) < 1 << 20:
            raise OSError("no space left")
