"""The child is killed, the parent ends with exit code 0."""

import os

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

if os.fork() == 0:
    held = []
    while True:
        held.append(bytearray(b"x" * (1 << 20)))
os.wait()
