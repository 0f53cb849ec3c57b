"""As large as a file may be, and no block of it."""

import os
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

with Path("/holdout/out/predictions.csv").open("wb") as file:
    os.ftruncate(file.fileno(), int(os.environ["BYTES"]))
