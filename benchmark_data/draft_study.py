"""A study before it is sealed: the bundle that will refer to a release, with its answers still in the clear.

`study.toml`, `query.parquet` (what will be asked), `y.parquet` (what will be sealed), and `x/` with the cells and drugs
that the release does not have. A draft is the curator's alone: nothing here belongs on a site or in a container.
"""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, FileEntry, Kind, Response, TableEntry, Task
from benchmark_data.release import FeatureTable, Release, read_matrix
from benchmark_data.writer import Origin, PartsWriter, sha256_of

STUDY = "study.toml"
QUERY = "query.parquet"
ANSWERS = "y.parquet"
FORMAT = 1
UNSTATED = Origin()


@dataclass(frozen=True, slots=True)
class ReleaseReference:
    name: str
    version: str
    id: str


@dataclass(frozen=True, slots=True)
class DraftStudy:
    folder: Path
    name: str
    version: str
    description: str
    task: Task
    response: Response
    release: ReleaseReference
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...]

    def query(self) -> pa.Table:
        """row_id, cell_id, drug_id."""
        return pq.read_table(self.folder / QUERY)

    def answers(self) -> pa.Table:
        """row_id and the response, row by row as in the query."""
        return pq.read_table(self.folder / ANSWERS)

    def new(self, entity: Entity) -> pa.Table:
        """The cells or drugs that the release does not list."""
        return pq.read_table(self.folder / f"x/{entity}/info.parquet")

    def table(self, entity: Entity, name: str) -> FeatureTable:
        for entry in self.tables:
            if (entry.entity, entry.name, entry.kind) == (entity, name, Kind.MATRIX):
                return read_matrix(self.folder, entry)
        raise ReleaseError(f"draft study {self.name} has no {entity} matrix '{name}'")


class DraftStudyWriter(PartsWriter):
    """Use as a context manager, as the ReleaseWriter: new cells and drugs, their features, then the rows."""

    def __init__(self, folder: Path, *, release: Release, name: str, version: str, description: str = "") -> None:
        super().__init__(folder)
        self._release, self._name, self._version, self._description = release, name, version, description
        self._known = {Entity.CELL: frozenset(release.cells), Entity.DRUG: frozenset(release.drugs)}

    def add_info(self, entity: Entity, table: pa.Table, origin: Origin = UNSTATED) -> None:
        listed = self._known[entity]
        if twice := sorted(listed & set(table[f"{entity}_id"].to_pylist())):
            raise ReleaseError(
                f"study {self._name}: {entity} '{twice[0]}' is in the release already; list new ones alone"
            )
        super().add_info(entity, table, origin)
        self._known[entity] |= listed

    def add_rows(self, table: pa.Table, origin: Origin = UNSTATED) -> None:
        response = self._release.manifest.response
        rows = self._checked_rows(self._name, table, response)
        self._add_parquet(QUERY, rows.select(["row_id", "cell_id", "drug_id"]), origin)
        self._add_parquet(ANSWERS, rows.select(["row_id", response.column]), origin)

    def _finish(self) -> None:
        manifest = self._release.manifest
        document = {
            "format": FORMAT,
            "name": self._name,
            "version": self._version,
            "description": self._description,
            "task": manifest.task,
            "response": _plain(manifest.response),
            "release": asdict(ReleaseReference(manifest.name, manifest.version, self._release.id)),
            "table": [_plain(table) for table in self._tables],
            "file": [_plain(file) for file in sorted(self._files, key=lambda file: file.path)],
        }
        (self._folder / STUDY).write_bytes(tomli_w.dumps(document).encode())


def read_draft_study(folder: Path) -> DraftStudy:
    """A draft whose every file is as it was written; anything else is an error that names the file."""
    path = folder / STUDY
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReleaseError(f"{folder} is not a draft study: {STUDY} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ReleaseError(f"{path} is not TOML: {error}") from None
    try:
        study = _from_toml(folder, document)
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(f"{path} is not a draft study: {error}") from None
    for file in study.files:
        place = folder / file.path
        if not place.is_file() or sha256_of(place) != file.sha256:
            raise ReleaseError(f"{place} is missing or has changed since the draft was written: write the draft again")
    return study


def _from_toml(folder: Path, document: dict[str, Any]) -> DraftStudy:
    if document["format"] != FORMAT:
        raise ValueError(f"format is {document['format']!r}; this version of Holdout reads format {FORMAT}")
    response = document["response"]
    return DraftStudy(
        folder=folder,
        name=document["name"],
        version=document["version"],
        description=document.get("description", ""),
        task=Task(document["task"]),
        response=Response(**{**response, "direction": Direction(response["direction"])}),
        release=ReleaseReference(**document["release"]),
        tables=tuple(
            TableEntry(**{**table, "entity": Entity(table["entity"]), "kind": Kind(table["kind"])})
            for table in document["table"]
        ),
        files=tuple(FileEntry(**file) for file in document["file"]),
    )


def _plain(entry: Response | TableEntry | FileEntry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value not in ("", None)}
