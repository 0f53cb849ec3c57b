"""Reads files that a stranger's code wrote: by directory handle, following no link, bounded, never waiting."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import PREDICTION_NAMES, Ending, OutputFile, Outputs

CHUNK_BYTES = 1 << 20


def predictions(directory: Path, *, into: Path, most_bytes: int) -> OutputFile | None:
    """Copy the one predictions file out; None when there is none. Refused: two of them, or no plain file."""
    with _opened_directory(directory) as folder:
        present = [name for name in PREDICTION_NAMES if _exists(name, folder)]
        if len(present) > 1:
            raise _refused(f"{' and '.join(present)} are both in /holdout/out: write one")
        return _copied(present[0], folder, into / present[0], most_bytes) if present else None


def owed(ending: Ending, directory: Path, *, into: Path, most_bytes: int) -> Outputs:
    """What a finished infer stage must leave, or why it counts for nothing."""
    try:
        copied = predictions(directory, into=into, most_bytes=most_bytes)
    except SandboxRefusalError as refusal:
        return Outputs(ending=replace(ending, outcome=refusal.outcome, reason=refusal.reason))
    if copied is None:
        missing = Outcome.NO_OUTPUT
        return Outputs(ending=replace(ending, outcome=missing, reason=missing.sentence))
    return Outputs(ending=ending, predictions=copied)


def text(directory: Path, name: str, *, most_bytes: int) -> str:
    """What can be read of a log; a log that is no plain file is an empty one."""
    try:
        with _opened_directory(directory) as folder, _opened_plain(name, folder) as fd:
            return _bounded(fd, most_bytes).decode("utf-8", "replace")
    except (OSError, SandboxRefusalError):
        return ""


def _copied(name: str, folder: int, to: Path, most_bytes: int) -> OutputFile:
    with _opened_plain(name, folder) as fd, to.open("wb") as copy:
        if os.fstat(fd).st_size > most_bytes:
            raise _refused(f"{name} is larger than {most_bytes} bytes")
        size = 0
        # Its size is checked again while it is read: a sparse file, or one that grows, is no plain answer to fstat.
        while chunk := os.read(fd, min(CHUNK_BYTES, most_bytes + 1 - size)):
            size += len(chunk)
            if size > most_bytes:
                raise _refused(f"{name} is larger than {most_bytes} bytes")
            copy.write(chunk)
    return OutputFile(name, to, size)


def _bounded(fd: int, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = most_bytes
    while left and (chunk := os.read(fd, min(CHUNK_BYTES, left))):
        parts.append(chunk)
        left -= len(chunk)
    return b"".join(parts)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _opened_directory(directory: Path) -> Iterator[int]:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _opened_plain(name: str, folder: int) -> Iterator[int]:
    # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise _refused(f"{name} is no plain file ({error.strerror})") from error
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise _refused(f"{name} is no plain file (a link, a directory, a FIFO or a device)")
        yield fd
    finally:
        os.close(fd)


def _refused(reason: str) -> SandboxRefusalError:
    return SandboxRefusalError(Outcome.OUTPUT_REFUSED, reason)
