"""Writes a release: every importer and generator hands its parts to one writer, which checks them and adds them up.

The folder appears whole or not at all: it is written beside its place and renamed when its manifest is complete.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import (
    INFO,
    MANIFEST,
    Entity,
    FileEntry,
    Kind,
    Manifest,
    Response,
    Scheme,
    SplitEntry,
    StudyEntry,
    TableEntry,
    Task,
    checked_path,
    format_manifest,
    manifest_id,
    parse_manifest,
)
from benchmark_data.splits import PART_NAMES


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file's content comes from, and under which terms."""

    source: str = ""
    licence: str = ""


class PartsWriter:
    """Cells, drugs and their features in a folder that appears whole or not at all; what they belong to finishes it."""

    def __init__(self, folder: Path) -> None:
        if folder.exists():
            raise ReleaseError(f"{folder} is there already: what is in it is never changed; choose another folder")
        self._final, self._folder = folder, folder.with_name(f".{folder.name}.partial")
        self._tables: list[TableEntry] = []
        self._files: list[FileEntry] = []
        self._known: dict[Entity, frozenset[str]] = {Entity.CELL: frozenset(), Entity.DRUG: frozenset()}

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
                self._folder.rename(self._final)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _finish(self) -> None:
        """Write the document that lists all parts."""
        raise NotImplementedError

    def add_info(self, entity: Entity, table: pa.Table, origin: Origin = Origin()) -> None:
        """The list of all cells or drugs, before anything that speaks of them: the id, then whatever is known."""
        key = f"{entity}_id"
        ids = table[key].to_pylist()
        refuse_bad_ids(ids, what=f"{entity} list")
        self._known[entity] = frozenset(ids)
        others = [name for name in table.column_names if name != key]
        self._add_parquet(INFO[entity], table.select([key, *others]), origin)

    def add_matrix(
        self,
        entity: Entity,
        name: str,
        *,
        ids: Sequence[str],
        columns: Sequence[str],
        values: NDArray[np.generic],
        origin: Origin = Origin(),
        description: str = "",
    ) -> None:
        """Features as float32 or uint8, one row an entity."""
        if values.shape != (len(ids), len(columns)):
            raise ReleaseError(f"{entity} table {name}: {values.shape} values for {len(ids)} × {len(columns)} names")
        if values.dtype not in (np.float32, np.uint8):
            raise ReleaseError(f"{entity} table {name}: values are {values.dtype}, not float32 or uint8")
        refuse_bad_ids(ids, what=f"{entity} table {name}")
        self._refuse_unknown(entity, ids, what=f"{entity} table {name}")
        refuse_bad_ids(columns, what=f"columns of {entity} table {name}")
        entry = TableEntry(entity, name, Kind.MATRIX, description)
        matrix, row_names, column_names = entry.paths()
        np.save(self._place(matrix), np.ascontiguousarray(values), allow_pickle=False)
        self._list(matrix, len(ids), origin)
        self._add_lines(row_names, ids, origin)
        self._add_lines(column_names, columns, origin)
        self._tables.append(entry)

    def add_text(
        self, entity: Entity, name: str, table: pa.Table, origin: Origin = Origin(), description: str = ""
    ) -> None:
        entry = TableEntry(entity, name, Kind.TEXT, description)
        self._add_parquet(entry.paths()[0], table, origin)
        self._tables.append(entry)

    def _checked_rows(self, study: str, table: pa.Table, response: Response) -> pa.Table:
        """row_id, cell_id, drug_id, the answer, then any other columns, when all of them can be what they say."""
        needed = ["row_id", "cell_id", "drug_id", response.column]
        table = table.select([*needed, *(other for other in table.column_names if other not in needed)])
        table = table.set_column(0, "row_id", table["row_id"].cast(pa.int64()))
        for place, key in ((1, "cell_id"), (2, "drug_id")):
            # A dictionary may list cells or drugs that no row has: a study to be sealed would show through it.
            table = table.set_column(place, key, table[key].cast(pa.string()))
        answers = table[response.column].cast(pa.float64())
        table = table.set_column(3, response.column, answers)
        for key in needed:
            if table[key].null_count:
                raise ReleaseError(f"study {study}: column {key} has {table[key].null_count} empty values")
        for entity in Entity:
            self._refuse_unknown(entity, table[f"{entity}_id"].unique().to_pylist(), what=f"study {study}")
        row_id = table["row_id"].to_numpy()
        if len(np.unique(row_id)) < len(row_id):
            raise ReleaseError(f"study {study}: a row_id stands twice")
        _refuse_bad_answers(study, response, answers.to_numpy())
        return table

    def _refuse_unknown(self, entity: Entity, ids: Sequence[str], *, what: str) -> None:
        if unknown := sorted(set(ids) - self._known[entity]):
            raise ReleaseError(f"{what} has {entity} '{unknown[0]}', which the release's {entity} list does not have")

    def _place(self, path: str) -> Path:
        place = self._folder / checked_path(path)  # names in it may come from a hostile source
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _add_parquet(self, path: str, table: pa.Table, origin: Origin) -> None:
        counted = {name: "DELTA_BINARY_PACKED" for name in table.column_names if name == "row_id"}
        pq.write_table(
            table.replace_schema_metadata(None),  # may differ between machines: the same rows, the same bytes
            self._place(path),
            compression="zstd",
            store_schema=False,
            use_dictionary=[name for name in table.column_names if name not in counted],
            column_encoding=counted,  # a split is 7 times smaller this way, and read in a third of the time
        )
        self._list(path, table.num_rows, origin)

    def _add_lines(self, path: str, lines: Sequence[str], origin: Origin) -> None:
        self._place(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self._list(path, len(lines), origin)

    def _list(self, path: str, rows: int, origin: Origin) -> None:
        place = self._place(path)
        self._files.append(FileEntry(path, sha256_of(place), place.stat().st_size, rows, origin.source, origin.licence))


class ReleaseWriter(PartsWriter):
    """Use as a context manager: leaving it without an error puts the finished release in place."""

    def __init__(
        self, folder: Path, *, name: str, version: str, task: Task, response: Response, description: str = ""
    ) -> None:
        super().__init__(folder)
        self._name, self._version, self._task = name, version, task
        self._response, self._description = response, description
        self._studies: list[StudyEntry] = []
        self._splits: list[SplitEntry] = []
        self.release_id = ""

    def add_study(self, name: str, table: pa.Table, origin: Origin = Origin(), description: str = "") -> None:
        """Rows of one screen: row_id, cell_id, drug_id, the response column, and any other columns to be kept."""
        entry = StudyEntry(name, description)
        self._add_parquet(entry.path(), self._checked_rows(name, table, self._response), origin)
        self._studies.append(entry)

    def add_splits(
        self,
        study: str,
        scheme: Scheme,
        splits: Iterable[Sequence[ArrayLike]],
        origin: Origin = Origin(),
    ) -> None:
        """Each split is three lists of row_id, train, val and test, kept in the order given."""
        count = 0
        for number, parts in enumerate(splits):
            lists = [np.asarray(part, np.int64) for part in parts]
            table = pa.table(
                {
                    "row_id": np.concatenate(lists),
                    "part": pa.DictionaryArray.from_arrays(
                        np.repeat(np.arange(3, dtype=np.int8), [len(part) for part in lists]), list(PART_NAMES)
                    ),
                }
            )
            self._add_parquet(SplitEntry(study, scheme, number + 1).path(number), table, origin)
            count = number + 1
        self._splits.append(SplitEntry(study, scheme, count))

    def _finish(self) -> None:
        manifest = Manifest(
            name=self._name,
            version=self._version,
            task=self._task,
            response=self._response,
            studies=tuple(self._studies),
            tables=tuple(self._tables),
            splits=tuple(self._splits),
            files=tuple(self._files),
            description=self._description,
        )
        text = format_manifest(manifest)
        parse_manifest(text.decode())  # what cannot be read back is not put in place
        self.release_id = manifest_id(text)
        (self._folder / MANIFEST).write_bytes(text)


def _refuse_bad_answers(study: str, response: Response, answers: NDArray[np.float64]) -> None:
    bad = ~np.isfinite(answers)
    bad |= False if response.low is None else answers < response.low
    bad |= False if response.high is None else answers > response.high
    if bad.any():
        row = int(bad.argmax())
        low, high = (
            ("-inf" if response.low is None else response.low),
            ("inf" if response.high is None else response.high),
        )
        raise ReleaseError(f"study {study}, row {row}: {response.column} is {answers[row]}, outside [{low}, {high}]")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_bad_ids(ids: Sequence[str], *, what: str) -> None:
    """Ids stand one a line in files: no empty ones, no line ends, none twice."""
    if len(set(ids)) < len(ids):
        raise ReleaseError(f"{what}: an id stands twice")
    for name in ids:
        if not name or name != name.strip() or not name.isprintable():
            raise ReleaseError(f"{what}: {name!r} is not an id (empty, or with blanks or control characters)")
