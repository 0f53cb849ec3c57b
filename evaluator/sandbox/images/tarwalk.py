"""Walks a tar stream of unknown origin: every name and size, nothing extracted, nothing large held in memory.

The standard library's reader holds an extension header of any size in memory and guesses at odd entries.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

BLOCK = 512
MOST_EXTENSION_BYTES = 1 << 20
SKIP_BYTES = 1 << 20


class TarError(ValueError):
    """The stream is no tar that we read."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Kind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    DEVICE = "device"
    FIFO = "fifo"


KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.LNKTYPE: Kind.HARD_LINK,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.CHRTYPE: Kind.DEVICE,
    tarfile.BLKTYPE: Kind.DEVICE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.FIFOTYPE: Kind.FIFO,
}
PAX, GLOBAL_PAX = tarfile.XHDTYPE, tarfile.XGLTYPE
LONG_NAME, LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    kind: Kind
    size: int
    link: str
    offset: int  # of its content in the stream


@dataclass(slots=True)
class _Walk:
    stream: Readable
    at: int = 0

    def exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        left = size
        while left and (part := self.stream.read(left)):
            parts.append(part)
            left -= len(part)
        self.at += size - left
        if left:
            raise TarError(f"it ends in the middle, at byte {self.at}")
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size:
            size -= len(self.exactly(min(size, SKIP_BYTES)))

    def header(self) -> tarfile.TarInfo | None:
        block = self.exactly(BLOCK)
        if not any(block):
            if any(self.exactly(BLOCK)):
                raise TarError(f"data follows its end, at byte {self.at}")
            return None
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise TarError(f"its header before byte {self.at} is damaged ({error})") from error

    def extension(self, size: int) -> bytes:
        if not 0 <= size <= MOST_EXTENSION_BYTES:
            raise TarError(f"an extension header takes {size} bytes")
        content = self.exactly(size)
        self.skip(-size % BLOCK)
        return content


def members(stream: Readable) -> Iterator[Member]:
    """In order, each before its content is skipped. Raises TarError."""
    walk = _Walk(stream)
    replaced: dict[str, str] = {}
    while (header := walk.header()) is not None:
        if header.type in (PAX, GLOBAL_PAX):
            records = _records(walk.extension(header.size))
            if header.type == PAX:
                replaced |= records
            elif records.keys() & {"path", "linkpath", "size"}:
                raise TarError("a global header renames or resizes all that follows")
        elif header.type in (LONG_NAME, LONG_LINK):
            text = walk.extension(header.size).rstrip(b"\0").decode("utf-8", "surrogateescape")
            replaced["path" if header.type == LONG_NAME else "linkpath"] = text
        else:
            member = _member(header, replaced, walk.at)
            replaced = {}
            yield member
            walk.skip(member.size + -member.size % BLOCK)


def _member(header: tarfile.TarInfo, replaced: dict[str, str], offset: int) -> Member:
    kind = KINDS.get(header.type)
    if kind is None or any(name.startswith("GNU.sparse") for name in replaced):
        raise TarError(f"{header.name!r} is of a kind that is not read here ({header.type!r})")
    size_text = replaced.get("size", str(header.size))
    if not size_text.isascii() or not size_text.isdigit() or len(size_text) > 18:
        raise TarError(f"{header.name!r} has the size {size_text[:20]!r}")
    size = int(size_text) if kind is Kind.FILE else 0
    name = replaced.get("path", header.name)
    if not name or "\0" in name:
        raise TarError("a name is empty or holds a null character")
    return Member(name, kind, size, replaced.get("linkpath", header.linkname), offset)


def _records(content: bytes) -> dict[str, str]:
    """Lines of "length keyword=value", the length counting itself."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        line = content[at : at + length]
        keyword, equals, value = line[len(digits) + 1 : -1].partition(b"=")
        if length <= len(digits) + 2 or len(line) != length or not line.endswith(b"\n") or not equals:
            raise TarError("an extension header is damaged")
        found[keyword.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        at += length
    return found
