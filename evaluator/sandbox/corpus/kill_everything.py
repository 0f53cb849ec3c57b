"""Kills the wrapper that keeps its log and its time, which ends the container."""

import os
import signal

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

os.kill(-1, signal.SIGKILL)
