"""What a stage leaves in storage: its files first, then the manifest that names each with its size and checksum."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from evaluator.engine.ledger import write_whole

PREDICTIONS = "predictions.f4"
SEALED_PREDICTIONS = "predictions.f4.sealed"
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20
MOST_BYTES = 1 << 30
MOST_MANIFEST_BYTES = 1 << 16


class UploadError(ValueError):
    """What lies in storage is not what the manifest, or the report of it, says."""


class Store(Protocol):
    def write(self, name: str, content: bytes) -> None:
        """Whole or not at all: no reader sees half of it. May be repeated."""

    def read(self, name: str, *, most_bytes: int = MOST_BYTES) -> bytes:
        """UploadError for what is larger, FileNotFoundError for what is not there."""

    def fetch(self, name: str, to: Path) -> str:
        """Copy a large file to a local one, chunk by chunk; returns its sha256."""


class Storage:
    """Files by name under one address: a directory, or whatever fsspec knows (`s3://bucket/prefix`)."""

    def __init__(self, address: str) -> None:
        self.files: Any
        self.files, self.root = url_to_fs(address)
        self.is_local = isinstance(self.files, LocalFileSystem)

    def write(self, name: str, content: bytes) -> None:
        if self.is_local:
            write_whole(Path(self._at(name)), content)
        else:
            self.files.pipe_file(self._at(name), content)  # an object appears when all of it is there

    def read(self, name: str, *, most_bytes: int = MOST_BYTES) -> bytes:
        with self.files.open(self._at(name), "rb") as file:
            content: bytes = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise UploadError(f"{name} is larger than {most_bytes:,} bytes")
        return content

    def fetch(self, name: str, to: Path) -> str:
        digest = hashlib.sha256()
        with self.files.open(self._at(name), "rb") as source, to.open("wb") as copy:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
        return digest.hexdigest()

    def _at(self, name: str) -> str:
        if name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"{name!r} leads out of the storage")
        return f"{self.root}/{name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    attempt: str
    files: Mapping[str, Mapping[str, Any]]  # name: size_bytes, sha256

    @classmethod
    def of(cls, attempt: str, contents: Mapping[str, bytes]) -> "Manifest":
        files = {name: {"size_bytes": len(one), "sha256": sha256_of(one)} for name, one in contents.items()}
        return cls(attempt, files)

    def to_bytes(self) -> bytes:
        return json.dumps({"attempt": self.attempt, "files": self.files}, sort_keys=True).encode()


def upload(storage: Store, folder: str, attempt: str, contents: Mapping[str, bytes]) -> str:
    """Returns the sha256 of the manifest, which is written last. The same contents give the same one."""
    for name, content in contents.items():
        storage.write(f"{folder}/{name}", content)
    manifest = Manifest.of(attempt, contents).to_bytes()
    storage.write(f"{folder}/{MANIFEST}", manifest)
    return sha256_of(manifest)


def uploaded(storage: Store, folder: str, name: str, *, manifest: str, most_bytes: int = MOST_BYTES) -> bytes:
    """A file as it was delivered; UploadError when it, or the manifest of that sha256, is another or is missing.

    Its host may have been taken: nothing here is believed but the manifest's checksum that the site was told.
    """
    try:
        stored = storage.read(f"{folder}/{MANIFEST}", most_bytes=MOST_MANIFEST_BYTES)
        content = storage.read(f"{folder}/{name}", most_bytes=most_bytes)
    except FileNotFoundError as missing:
        raise UploadError(f"{folder} holds no complete upload: {missing}") from None
    if sha256_of(stored) != manifest:
        raise UploadError(f"the manifest of {folder} is not the one that was reported")
    try:
        said = json.loads(stored)["files"][name]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UploadError(f"the manifest of {folder} cannot be read, or does not name {name}") from None
    if said != {"size_bytes": len(content), "sha256": sha256_of(content)}:
        raise UploadError(f"{folder}/{name} is not what its manifest says")
    return content


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
