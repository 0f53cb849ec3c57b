"""A bundle as one file: plain USTAR whose every header is the one that we would write, and nothing after the last file.

Whoever unpacks compares headers and never interprets them: no links, no long names, no folders, no second thoughts.
"""

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from benchmark_data.errors import ReleaseError, shown
from benchmark_data.sealed_study import Bundle, read
from benchmark_data.study_facts import LARGEST_STUDY_BYTES, STUDY, ListedFile, parse_study

_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_REMEDY = "send the file as `holdout seal` wrote it"


def pack(bundle: Bundle, out: Path) -> Path:
    """Write the bundle as a tar beside or inside `out`, a folder; the same bundle gives the same bytes."""
    path = out / bundle.facts.tar_name()
    with path.open("xb") as tar:
        for name in (STUDY, *(file.path for file in bundle.facts.file)):
            place = bundle.folder / name
            size = place.stat().st_size
            tar.write(_header(name, size))
            with place.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    tar.write(chunk)
            tar.write(bytes(-size % _BLOCK))
        tar.write(bytes(2 * _BLOCK))
    return path


def unpack(tar: Path, folder: Path) -> Bundle:
    """The bundle in a tar, in a new folder that stays only if all of it is as listed; else a ReleaseError."""
    folder.mkdir(parents=True)
    try:
        with tar.open("rb") as file:
            _unpack(file, folder)
        return read(folder)
    except OSError as error:
        shutil.rmtree(folder)
        raise ReleaseError(f"{tar.name} cannot be unpacked: {error.strerror}") from None
    except ReleaseError:
        shutil.rmtree(folder)
        raise


@contextmanager
def opened(place: Path) -> Iterator[Bundle]:
    """The bundle in a folder, or in a tar, which is unpacked for as long as it is looked at."""
    if place.is_dir():
        yield read(place)
        return
    with TemporaryDirectory(prefix="holdout-study-") as folder:
        yield unpack(place, Path(folder) / "bundle")


def _unpack(tar: BinaryIO, folder: Path) -> None:
    content = _first(tar)
    facts, _ = parse_study(content)
    (folder / STUDY).write_bytes(content)
    for file in facts.file:
        if tar.read(_BLOCK) != _header(file.path, file.size_bytes):
            raise ReleaseError(f"the next file of the archive is not {shown(file.path)} as listed: {_REMEDY}")
        _copy(tar, folder, file)
    if tar.read(2 * _BLOCK + 1) != bytes(2 * _BLOCK):
        raise ReleaseError(f"something follows the last file of the archive, or its end is missing: {_REMEDY}")


def _first(tar: BinaryIO) -> bytes:
    header = tar.read(_BLOCK)
    digits = header[124:135]
    size = int(digits, 8) if len(digits) == 11 and set(digits) <= set(b"01234567") else -1
    if not 0 <= size <= LARGEST_STUDY_BYTES or header != _header(STUDY, size):
        raise ReleaseError(f"this is not the archive of a sealed study, or one that was packed again: {_REMEDY}")
    content = tar.read(size)
    if len(content) != size or tar.read(-size % _BLOCK) != bytes(-size % _BLOCK):
        raise ReleaseError(f"the archive ends within {STUDY}: {_REMEDY}")
    return content


def _copy(tar: BinaryIO, folder: Path, file: ListedFile) -> None:
    place, left, digest = folder / file.path, file.size_bytes, hashlib.sha256()
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as out:
        while left and (chunk := tar.read(min(left, _CHUNK_BYTES))):
            out.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
    if left or tar.read(-file.size_bytes % _BLOCK) != bytes(-file.size_bytes % _BLOCK):
        raise ReleaseError(f"the archive ends within {shown(file.path)}: {_REMEDY}")
    if digest.hexdigest() != file.sha256:
        raise ReleaseError(f"{shown(file.path)} in the archive is not the file that {STUDY} lists: {_REMEDY}")


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except (ValueError, UnicodeEncodeError):
        raise ReleaseError(f"{shown(name)} is too long a name, or the file too large, for an archive") from None
