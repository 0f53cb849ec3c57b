"""No output."""

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

print("all is well")
