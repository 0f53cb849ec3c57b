"""A board's folder: one `up` at a time, secrets that are made once, and nothing left of an `up` that was killed."""

import fcntl
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from leaderboard.up.errors import BoardError

MARK = "HOLDOUT_BOARD"
"""In the environment of every part, with the folder's name: what a killed `up` left is found by it."""
PATIENCE_S = 15.0
STAGE = b"evaluator.sandbox.supervise"
"""Stages outlive their host on purpose: the next one adopts them."""


@dataclass(frozen=True, slots=True)
class BoardFolder:
    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """The system lets go of the lock of a process that is gone, so there are no stale ones."""
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(lock, 20).decode() or "another process"
                raise BoardError(
                    f"a board runs in {self.path} already (process {holder}): stop it, or choose another --folder"
                ) from None
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(lock)

    def secret(self, name: str, *, size: int = 48) -> str:
        """Made at the first time of asking, kept for its owner alone."""
        kept = self.path / "secrets.json"
        values: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        if name not in values:
            values[name] = secrets.token_urlsafe(size)
            new = kept.with_suffix(".new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            new.rename(kept)
        return values[name]

    def clear_leftovers(self) -> int:
        """Parts of a killed `up` end by themselves; one that does not is killed. Returns how many there were."""
        found = self.marked()
        until = time.monotonic() + PATIENCE_S
        while (left := self.marked()) and time.monotonic() < until:
            time.sleep(0.1)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def marked(self) -> list[int]:
        mark = f"{MARK}={self.path}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # gone, or somebody else's
                marked = mark in (process / "environ").read_bytes().split(b"\0")
                if marked and STAGE not in (process / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return found
