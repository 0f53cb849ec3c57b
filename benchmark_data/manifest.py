"""release.toml as typed values: read strictly, written the same way every time, identified by its hash.

It opens no other file: whether the files it lists are as it says is verify's business.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import tomli_w

from benchmark_data.errors import ReleaseError

MANIFEST = "release.toml"
FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Task(StrEnum):
    REGRESSION = "regression"
    CLASSIFICATION = "classification"


class Direction(StrEnum):
    """Which end of the response means that the drug worked: for an AUC of viability, the lower one."""

    LOWER = "lower"
    HIGHER = "higher"


class Entity(StrEnum):
    CELL = "cell"
    DRUG = "drug"


class Kind(StrEnum):
    """A matrix is a mapped .npy with its ids and feature names beside it; a text table is one Parquet file."""

    MATRIX = "matrix"
    TEXT = "text"


class Scheme(StrEnum):
    RANDOM_ROWS = "random-rows"
    PAIR_GROUPED = "pair-grouped"
    CELL_BLIND = "cell-blind"
    DRUG_BLIND = "drug-blind"
    TISSUE_BLIND = "tissue-blind"


@dataclass(frozen=True, slots=True)
class FileEntry:
    path: str
    sha256: str
    size_bytes: int
    rows: int
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class TableEntry:
    entity: Entity
    name: str
    kind: Kind
    description: str = ""

    def folder(self) -> str:
        return f"x/{self.entity}"

    def paths(self) -> tuple[str, ...]:
        stem = f"{self.folder()}/{self.name}"
        if self.kind is Kind.TEXT:
            return (f"{stem}.parquet",)
        return (f"{stem}.npy", f"{stem}.rows.txt", f"{stem}.columns.txt")


@dataclass(frozen=True, slots=True)
class StudyEntry:
    name: str
    description: str = ""

    def path(self) -> str:
        return f"y/{self.name}.parquet"


@dataclass(frozen=True, slots=True)
class SplitEntry:
    study: str
    scheme: Scheme
    count: int

    def path(self, number: int) -> str:
        return f"splits/{self.study}/{self.scheme}/{number}.parquet"

    def paths(self) -> tuple[str, ...]:
        return tuple(self.path(number) for number in range(self.count))


@dataclass(frozen=True, slots=True)
class Response:
    """The answered column, which end of it is a strong response, and the range it can take (either end may be open)."""

    column: str
    direction: Direction
    low: float | None = None
    high: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    name: str
    version: str
    task: Task
    response: Response
    studies: tuple[StudyEntry, ...]
    tables: tuple[TableEntry, ...]
    splits: tuple[SplitEntry, ...]
    files: tuple[FileEntry, ...]
    description: str = ""

    def table(self, entity: Entity, name: str) -> TableEntry:
        for table in self.tables:
            if (table.entity, table.name) == (entity, name):
                return table
        known = ", ".join(table.name for table in self.tables if table.entity is entity) or "none"
        raise ReleaseError(f"release {self.name} has no {entity} table '{name}'; it has: {known}")

    def study(self, name: str) -> StudyEntry:
        for study in self.studies:
            if study.name == name:
                return study
        raise ReleaseError(
            f"release {self.name} has no study '{name}'; it has: {', '.join(study.name for study in self.studies)}"
        )

    def split(self, study: str, scheme: Scheme) -> SplitEntry:
        for split in self.splits:
            if (split.study, split.scheme) == (study, scheme):
                return split
        known = ", ".join(split.scheme for split in self.splits if split.study == study) or "none"
        raise ReleaseError(f"study {study} of release {self.name} has no {scheme} splits; it has: {known}")

    def paths_named(self) -> frozenset[str]:
        """The files that studies, tables and splits stand for."""
        named = [INFO[Entity.CELL], INFO[Entity.DRUG]]
        named += [study.path() for study in self.studies]
        named += [path for table in self.tables for path in table.paths()]
        named += [path for split in self.splits for path in split.paths()]
        return frozenset(named)


INFO = {Entity.CELL: "x/cell/info.parquet", Entity.DRUG: "x/drug/info.parquet"}
"""Who is in the release: one row per cell line (cell_id, name, tissue …) and per drug (drug_id, name, mechanisms …)."""


def manifest_id(text: bytes) -> str:
    """The identity of a release: the hash of its release.toml, which holds the hash of everything else."""
    return hashlib.sha256(text).hexdigest()


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest in a folder, and the release's id."""
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{folder} is not a release: {MANIFEST} cannot be read ({error.strerror})") from None
    try:
        return parse_manifest(text.decode()), manifest_id(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ReleaseError(f"{path} is not TOML: {error}") from None
    except ReleaseError as error:
        raise ReleaseError(f"{path}: {error}") from None


def parse_manifest(text: str) -> Manifest:
    raw = tomllib.loads(text)
    if raw.get("format") != FORMAT:
        raise ReleaseError(f"format is {raw.get('format')!r}; this version of Holdout reads format {FORMAT}")
    try:
        manifest = _from_toml(raw)
    except KeyError as error:
        raise ReleaseError(f"{error.args[0]} is missing") from None
    except (TypeError, ValueError) as error:
        raise ReleaseError(str(error)) from None
    _refuse_inconsistent(manifest)
    return manifest


def _from_toml(raw: dict[str, Any]) -> Manifest:
    response = raw["response"]
    return Manifest(
        name=checked_name(raw["name"]),
        version=checked_name(raw["version"]),
        task=Task(raw["task"]),
        description=str(raw.get("description", "")),
        response=Response(**{**response, "direction": Direction(response["direction"])}),
        studies=tuple(StudyEntry(**{**study, "name": checked_name(study["name"])}) for study in raw.get("study", [])),
        tables=tuple(
            TableEntry(
                **{
                    **table,
                    "name": checked_name(table["name"]),
                    "entity": Entity(table["entity"]),
                    "kind": Kind(table["kind"]),
                }
            )
            for table in raw.get("table", [])
        ),
        splits=tuple(SplitEntry(**{**split, "scheme": Scheme(split["scheme"])}) for split in raw.get("split", [])),
        files=tuple(FileEntry(path=checked_path(path), **entry) for path, entry in raw.get("files", {}).items()),
    )


def checked_name(name: str) -> str:
    """Names become paths: whoever takes one from a source checks it before anything is written."""
    if not _NAME.fullmatch(name):
        raise ReleaseError(f"'{name}' is not a name: use letters, digits, dot, dash and underscore, at most 64")
    return name


def checked_path(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or path != str(PurePosixPath(path)):
        raise ReleaseError(f"'{path}' is not a plain path inside the release")
    return path


def _refuse_inconsistent(manifest: Manifest) -> None:
    keys: dict[str, list[Any]] = {
        "study": [study.name for study in manifest.studies],
        "table": [(table.entity, table.name) for table in manifest.tables],
        "split": [(split.study, split.scheme) for split in manifest.splits],
    }
    for kind, names in keys.items():
        if len(set(names)) < len(names):
            raise ReleaseError(f"two {kind} entries have the same name")
    for split in manifest.splits:
        manifest.study(split.study)
    listed = {entry.path for entry in manifest.files}
    if unlisted := sorted(manifest.paths_named() - listed):
        raise ReleaseError(f"no checksum for {unlisted[0]}: every file of a release is listed under [files]")
    if unnamed := sorted(listed - manifest.paths_named()):
        raise ReleaseError(f"{unnamed[0]} belongs to no study, table or split of the release")


def format_manifest(manifest: Manifest) -> bytes:
    """release.toml as it is written: the same manifest gives the same bytes."""

    def plain(entry: object, *, without: str = "") -> dict[str, Any]:
        fields = {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name != without}  # type: ignore[attr-defined]
        return {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in fields.items()
            if value not in ("", None)
        }

    document = {
        "format": FORMAT,
        "name": manifest.name,
        "version": manifest.version,
        "task": str(manifest.task),
        "description": manifest.description,
        "response": plain(manifest.response),
        "study": [plain(study) for study in manifest.studies],
        "table": [plain(table) for table in manifest.tables],
        "split": [plain(split) for split in manifest.splits],
        "files": {
            entry.path: plain(entry, without="path") for entry in sorted(manifest.files, key=lambda entry: entry.path)
        },
    }
    return tomli_w.dumps(document).encode()
