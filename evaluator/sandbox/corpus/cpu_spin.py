"""Four processes that each want a whole processor."""

import os

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

for _ in range(3):
    os.fork()
while True:
    pass
