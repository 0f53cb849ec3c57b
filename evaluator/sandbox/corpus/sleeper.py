"""Sleeper."""

import time

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

time.sleep(3600)
