"""Million files."""

import os
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

for number in range(1_000_000):
    Path(os.environ["WHERE"], f"file{number}").touch()
