"""Reads an image's layers as a stream: size, number of files, names and digest, before anything unpacks them."""

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.sandbox.images.tarwalk import Kind, TarError, members
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError

CHUNK_BYTES = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an image may take."""

    packed_mb: int = 16_384
    unpacked_mb: int = 32_768
    files: int = 600_000
    layers: int = 127  # what overlay2 can stack
    document_kb: int = 4096  # of a manifest, an index, a configuration


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes within a file of ours."""

    path: Path
    offset: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            left = self.size
            while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk
        if left:
            raise refused("the archive ends in the middle of a layer")

    def whole(self, name: str, *, most_kb: int) -> bytes:
        if self.size > most_kb << 10:
            raise refused(f"{name} is larger than {most_kb} KiB")
        return b"".join(self.chunks())


@dataclass(slots=True)
class Tally:
    """What the layers read so far take together."""

    bounds: Bounds
    unpacked_bytes: int = 0
    files: int = 0

    def add_bytes(self, count: int) -> None:
        self.unpacked_bytes += count
        if self.unpacked_bytes > self.bounds.unpacked_mb << 20:
            raise refused(f"it is larger than {self.bounds.unpacked_mb} MB when it is unpacked")

    def add_file(self) -> None:
        self.files += 1
        if self.files > self.bounds.files:
            raise refused(f"it holds more than {self.bounds.files:,} files")


def check_layer(blob: Blob, *, diff_id: str, digest: str | None, tally: Tally) -> None:
    """`digest` is of the blob as it is, `diff_id` of the plain tar in it; either one that does not hold is refused."""
    stream = _Plain(blob, tally)
    try:
        for member in members(stream):
            tally.add_file()
            _check_name(member.name)
            if member.kind is Kind.HARD_LINK:
                _check_name(member.link)
        stream.drain()
    except TarError as error:
        raise refused(f"a layer is no proper tar: {error}") from error
    if digest is not None and stream.packed_digest != digest:
        raise refused(f"a layer is not what its digest says ({digest})")
    if stream.plain_digest != diff_id:
        raise refused(f"a layer does not unpack to what the configuration says ({diff_id})")


@dataclass(slots=True)
class _Plain:
    """A layer's plain bytes, hashed on both sides of the decompression, never more than CHUNK_BYTES at once."""

    blob: Blob
    tally: Tally
    _packed: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _plain: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _chunks: Iterator[bytes] = field(init=False)
    _left: memoryview = field(default=memoryview(b""))

    def __post_init__(self) -> None:
        self._chunks = self._unpacked()

    @property
    def packed_digest(self) -> str:
        return f"sha256:{self._packed.hexdigest()}"

    @property
    def plain_digest(self) -> str:
        return f"sha256:{self._plain.hexdigest()}"

    def read(self, size: int, /) -> bytes:
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        part = bytes(self._left[:size])
        self._left = self._left[size:]
        return part

    def drain(self) -> None:
        """What follows the end of the tar counts for the digests too."""
        for _ in self._chunks:
            pass

    def _unpacked(self) -> Iterator[bytes]:
        for chunk in filter(None, self._decompressed()):
            self.tally.add_bytes(len(chunk))
            self._plain.update(chunk)
            yield chunk

    def _decompressed(self) -> Iterator[bytes]:
        packed = self._counted()
        first = next(packed, b"")
        if first.startswith(ZSTD_MAGIC):
            raise refused("a layer is compressed with zstd: export it with gzip, or plain")
        if not first.startswith(GZIP_MAGIC):
            yield first
            yield from packed
            return
        unzip = zlib.decompressobj(wbits=31)
        pending = first
        while pending or (pending := next(packed, b"")):
            try:
                yield unzip.decompress(pending, CHUNK_BYTES)
            except zlib.error as error:
                raise refused(f"a layer's compression is damaged ({error})") from error
            pending = unzip.unconsumed_tail
            if unzip.eof:
                pending = unzip.unused_data
                unzip = zlib.decompressobj(wbits=31)
        yield unzip.flush()  # at most the rest of one match: all input was taken before

    def _counted(self) -> Iterator[bytes]:
        for chunk in self.blob.chunks():
            self._packed.update(chunk)
            yield chunk


def _check_name(name: str) -> None:
    if ".." in name.split("/"):
        raise refused(f"a layer holds the path {name[:100]!r}")
    if len(os.fsencode(name)) > 4096:
        raise refused("a layer holds a path of more than 4096 bytes")


def refused(reason: str) -> SandboxRefusalError:
    return SandboxRefusalError(Outcome.IMAGE_REFUSED, f"the image is refused: {reason}")
