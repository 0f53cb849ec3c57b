"""Ignore sigterm."""

import os
import signal
import time

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
os.setsid()
while True:
    time.sleep(1)
