"""Open and read a file that somebody else wrote: a regular file, read once, no further than its limit."""

import errno
import os
import stat
from pathlib import Path

from evaluator.contract.errors import ContractError

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path) -> int:
    """A descriptor of a regular file, never of what a symbolic link points to, and without waiting for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ContractError(path.name, reason="there is no such file") from None
    except OSError as error:
        reason = (
            "it is a symbolic link, not a file"
            if error.errno == errno.ELOOP
            else f"it cannot be opened: {error.strerror}"
        )
        raise ContractError(path.name, reason=reason) from None
    try:
        _require_regular(descriptor, path.name)
    except ContractError:
        os.close(descriptor)
        raise
    return descriptor


def read_bounded(descriptor: int, *, file: str, limit_bytes: int, because: str) -> bytes:
    """All bytes of a regular file, or a refusal before more than the limit are read."""
    size = _require_regular(descriptor, file)
    if size > limit_bytes:
        raise ContractError(file, reason=f"it has {size:,} bytes, and {because} take at most {limit_bytes:,}")
    os.lseek(descriptor, 0, os.SEEK_SET)  # whoever opened it may have looked into it
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise ContractError(file, reason=f"it grew past {limit_bytes:,} bytes while it was read")
    return content


def _require_regular(descriptor: int, file: str) -> int:
    status = os.fstat(descriptor)
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise ContractError(file, reason=f"it is {kind}, not a file")
    return status.st_size
