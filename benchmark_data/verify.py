"""Holds a release against its manifest: every file that differs, is missing or is extra, then everything loaded once.

It changes nothing and never follows a link: what is linked into a release can change under it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import INFO, MANIFEST, Entity, FileEntry, Kind, Manifest, TableEntry, read_manifest
from benchmark_data.release import Release, read_lines
from benchmark_data.tracking import Track, untracked
from benchmark_data.writer import sha256_of


class Fault(StrEnum):
    MISSING = "missing"
    EXTRA = "extra"
    LINK = "link"
    DIFFERS = "differs"
    ROWS = "wrong row count"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Finding:
    path: str
    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; a release without findings is what its manifest says."""

    name: str
    version: str
    release_id: str
    files: int
    size_bytes: int
    findings: tuple[Finding, ...]


# What a reader of ours raises on a file that is not what its name says.
_UNREADABLE = (ReleaseError, pa.ArrowException, OSError, ValueError, KeyError, UnicodeDecodeError)


def verify(folder: Path, *, track: Track = untracked) -> Verdict:
    """All findings about the release in a folder; one without a readable manifest is a ReleaseError."""
    if (folder / MANIFEST).is_symlink():
        raise ReleaseError(f"{folder / MANIFEST} is a link: a release is made of its own files")
    manifest, release_id = read_manifest(folder)
    present, findings = _walk(folder)
    listed = {entry.path: entry for entry in manifest.files}
    linked = {finding.path for finding in findings}
    for path in sorted(present - listed.keys() - {MANIFEST}):
        findings.append(Finding(path, Fault.EXTRA, "the manifest does not list it"))
    for path in sorted(listed.keys() - present):
        if not any(path == link or path.startswith(f"{link}/") for link in linked):
            findings.append(Finding(path, Fault.MISSING, "the manifest lists it"))
    for path in track(sorted(listed.keys() & present), "checksums"):
        findings += _differences(folder, listed[path])
    if not findings:
        findings += _content(folder, manifest, track)
    size = sum(entry.size_bytes for entry in manifest.files)
    return Verdict(manifest.name, manifest.version, release_id, len(listed), size, tuple(findings))


def _walk(folder: Path) -> tuple[set[str], list[Finding]]:
    """The regular files below a folder, and a finding for whatever else is there."""
    files: set[str] = set()
    findings: list[Finding] = []
    for parent, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            place = Path(parent) / name
            path = place.relative_to(folder).as_posix()
            if place.is_symlink():
                findings.append(Finding(path, Fault.LINK, f"points to {place.readlink()}"))
            elif place.is_file():
                files.add(path)
            elif not place.is_dir():
                findings.append(Finding(path, Fault.EXTRA, "neither a file nor a folder"))
    return files, findings


def _differences(folder: Path, entry: FileEntry) -> Iterator[Finding]:
    place = folder / entry.path
    try:
        size = place.stat().st_size
        if size != entry.size_bytes:
            yield Finding(entry.path, Fault.DIFFERS, f"{size} bytes, {entry.size_bytes} in the manifest")
        elif sha256_of(place) != entry.sha256:
            yield Finding(entry.path, Fault.DIFFERS, "its sha256 is not the one in the manifest")
        elif (rows := _rows(place)) != entry.rows:
            yield Finding(entry.path, Fault.ROWS, f"{rows} rows, {entry.rows} in the manifest")
    except _UNREADABLE as error:
        yield Finding(entry.path, Fault.CONTENT, _sentence(error))


def _rows(place: Path) -> int:
    match place.suffix:
        case ".parquet":
            return int(pq.read_metadata(place).num_rows)
        case ".npy":
            shape = np.load(place, mmap_mode="r", allow_pickle=False).shape
            return int(shape[0]) if shape else 0
        case _:
            return len(read_lines(place))


def _content(folder: Path, manifest: Manifest, track: Track) -> Iterator[Finding]:
    """Everything loaded once; one finding a file, since what follows from a bad one says nothing new."""
    release = Release.open(folder)
    checks: list[tuple[str, Callable[[], object]]] = [
        (INFO[entity], partial(_check_ids, release, entity)) for entity in Entity
    ]
    checks += [(study.path(), partial(_check_study, release, study.name)) for study in manifest.studies]
    checks += [(table.paths()[0], partial(_check_table, release, table)) for table in manifest.tables]
    checks += [
        (split.path(number), partial(release.split, split.study, split.scheme, number))
        for split in manifest.splits
        for number in range(split.count)
    ]
    for path, check in track(checks, "contents"):
        try:
            check()
        except _UNREADABLE as error:
            yield Finding(path, Fault.CONTENT, _sentence(error))


def _check_ids(release: Release, entity: Entity) -> None:
    ids = release.cells if entity is Entity.CELL else release.drugs
    _refuse_repeats(ids, f"{entity}_id")
    if not all(ids):
        raise ReleaseError(f"a {entity}_id is empty")


def _check_study(release: Release, name: str) -> None:
    rows, response = release.study(name), release.manifest.response
    if len(np.unique(rows.row_id)) < len(rows):
        raise ReleaseError("a row_id stands twice")
    bad = ~np.isfinite(rows.response)
    bad |= False if response.low is None else rows.response < response.low
    bad |= False if response.high is None else rows.response > response.high
    if bad.any():
        row = int(bad.argmax())
        raise ReleaseError(f"row {row}: {response.column} is {rows.response[row]}, outside the range of the manifest")


def _check_table(release: Release, entry: TableEntry) -> None:
    known = release.cells if entry.entity is Entity.CELL else release.drugs
    if entry.kind is Kind.TEXT:
        text = release.text_table(entry.entity, entry.name)
        if (key := f"{entry.entity}_id") in text.column_names:  # text may also be about features, such as gene sets
            _refuse_unknown(text[key].to_pylist(), known)
        return
    table = release.table(entry.entity, entry.name)
    shape = (len(table.ids), len(table.columns))
    if table.values.shape != shape:
        raise ReleaseError(f"{table.values.shape} values for {shape[0]} ids and {shape[1]} feature names")
    if table.values.dtype not in (np.float32, np.uint8) or not table.values.flags.c_contiguous:
        raise ReleaseError(f"values are {table.values.dtype}: row-major float32 or uint8 is wanted")
    _refuse_unknown(table.ids, known)
    _refuse_repeats(table.ids, "id")
    _refuse_repeats(table.columns, "feature name")


def _refuse_unknown(ids: Sequence[str | None], known: Sequence[str]) -> None:
    if unknown := set(ids) - set(known):
        raise ReleaseError(f"'{min(map(str, unknown))}' is in no list of the release")


def _refuse_repeats(names: Sequence[str], what: str) -> None:
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ReleaseError(f"{what} '{twice}' stands twice")


def _sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
