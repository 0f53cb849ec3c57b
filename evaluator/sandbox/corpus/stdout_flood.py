"""20 GB to stdout, and as much to whatever else leads out."""

import os

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

line = b"x" * 65535 + b"\n"
for _ in range(20 << 14):
    os.write(1, line)
    os.write(2, line)
