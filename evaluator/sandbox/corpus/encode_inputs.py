"""Says a secret through everything that can be seen from outside: exit code, log, time, memory and sizes."""

import os
import sys
import time
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

secret = int(os.environ["SECRET"])
print("the secret is", secret)
Path("/holdout/out/size").write_bytes(bytes(1000 * secret))
Path("/holdout/out/predictions.csv").write_text("x" * secret)
held = bytearray(secret << 18)
time.sleep(secret / 50)
sys.exit(secret)
