"""A process that leaves its parent's session, ignores signals and keeps the log open; the parent ends well."""

import os
import signal
import time

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)
    os._exit(0)
print("done")
