"""Far deeper than a path can be long, and than a recursion can go."""

import contextlib
import os
from pathlib import Path

from evaluator.sandbox.corpus.probe import predict

predict()
os.chdir("/holdout/out")
with contextlib.suppress(OSError):
    while True:
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
print("done")
