"""Memory parent."""

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

held = []
while True:
    held.append(bytearray(b"x" * (1 << 20)))
