"""Not an attack: what a neighbour must not see."""

import os
import time
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

word = os.environ["WORD"][::-1]
for folder in ("/holdout/out", "/holdout/model", "/tmp", "/dev/shm"):
    Path(folder, word).write_text(word)
time.sleep(3600)
