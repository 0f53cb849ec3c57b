"""An opened release: studies, feature tables and splits as arrays, each read when it is asked for.

Cells and drugs are integer codes into the release's own lists; nothing here ever builds rows × features.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import INFO, Entity, Kind, Manifest, Scheme, TableEntry, read_manifest
from benchmark_data.splits import PART_NAMES, Split, prove_disjoint


@dataclass(frozen=True, slots=True)
class Study:
    """The answered rows of one screen, in the order of their file."""

    name: str
    row_id: NDArray[np.int64]
    cell: NDArray[np.int32]  # codes into Release.cells
    drug: NDArray[np.int32]  # codes into Release.drugs
    response: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row_id)

    def positions(self, row_id: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these rows stand in the study; an unknown one is an error that names it."""
        first = int(self.row_id[0]) if len(self) else 0
        if len(self) and int(self.row_id[-1]) - first == len(self) - 1 and bool((np.diff(self.row_id) == 1).all()):
            position, known = row_id - first, (row_id >= first) & (row_id < first + len(self))
        else:
            order = np.argsort(self.row_id, kind="stable")
            slot = np.minimum(np.searchsorted(self.row_id, row_id, sorter=order), max(len(self) - 1, 0))
            position = order[slot] if len(self) else np.zeros(len(row_id), np.int64)
            known = self.row_id[position] == row_id if len(self) else np.zeros(len(row_id), bool)
        if not known.all():
            raise ReleaseError(f"study {self.name} has no row {int(row_id[~known][0])}")
        return position.astype(np.int64, copy=False)


@dataclass(frozen=True)
class FeatureTable:
    """A matrix of features, mapped from disk: one row an entity, one column a feature."""

    name: str
    ids: tuple[str, ...]
    values: NDArray[np.generic]  # (entities, features), read-only, mapped
    columns_path: Path

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return read_lines(self.columns_path)

    def row_of(self, ids: tuple[str, ...]) -> NDArray[np.int32]:
        """The row of each id, -1 for one that the table does not have."""
        row = {name: number for number, name in enumerate(self.ids)}
        return np.fromiter((row.get(name, -1) for name in ids), np.int32, len(ids))


class Release:
    """One immutable version of the benchmark data. Opening it reads release.toml and the two lists of ids alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest
        self.id: str
        self.manifest, self.id = read_manifest(folder)
        self._studies: dict[str, Study] = {}
        self._splits: dict[tuple[str, Scheme, int], Split] = {}

    @classmethod
    def open(cls, folder: Path | str) -> "Release":
        return cls(Path(folder))

    @cached_property
    def cells(self) -> tuple[str, ...]:
        return self._ids(Entity.CELL)

    @cached_property
    def drugs(self) -> tuple[str, ...]:
        return self._ids(Entity.DRUG)

    def info(self, entity: Entity) -> pa.Table:
        """Who is in the release: every known column about its cells or drugs, in the order of the codes."""
        return read_parquet(self.folder / INFO[entity])

    def study_names(self) -> tuple[str, ...]:
        return tuple(study.name for study in self.manifest.studies)

    def study(self, name: str) -> Study:
        if name not in self._studies:
            self._studies[name] = self._read_study(name)
        return self._studies[name]

    def table(self, entity: Entity, name: str) -> FeatureTable:
        entry = self.manifest.table(entity, name)
        if entry.kind is not Kind.MATRIX:
            raise ReleaseError(f"{entity} table '{name}' is text: read it with text_table")
        return read_matrix(self.folder, entry)

    def text_table(self, entity: Entity, name: str) -> pa.Table:
        return read_parquet(self.folder / self.manifest.table(entity, name).paths()[0])

    def split(self, study: str, scheme: Scheme, number: int) -> Split:
        """One partition of a study's rows, proved to be what its scheme promises; read once, as studies are."""
        key = (study, scheme, number)
        if key not in self._splits:
            self._splits[key] = self._read_split(study, scheme, number)
        return self._splits[key]

    def _read_split(self, study: str, scheme: Scheme, number: int) -> Split:
        entry = self.manifest.split(study, scheme)
        if not 0 <= number < entry.count:
            raise ReleaseError(f"{scheme} splits of {study} are numbered 0 to {entry.count - 1}; there is no {number}")
        path = self.folder / entry.path(number)
        stored = read_parquet(path, columns=["row_id", "part"], dictionaries=["part"])
        rows = self.study(study)
        position = rows.positions(column(stored, "row_id").astype(np.int64, copy=False))
        part = _codes(stored, "part", {name: code for code, name in enumerate(PART_NAMES)}, what=f"{path}: part")
        parts = [position[part == code] for code in range(len(PART_NAMES))]
        for members in parts:
            members.setflags(write=False)  # shared by everyone who asks for this split
        split = Split(study, scheme, number, *parts)
        prove_disjoint(split, cell=rows.cell, drug=rows.drug, tissue=self._tissue(scheme))
        return split

    def _read_study(self, name: str) -> Study:
        path = self.folder / self.manifest.study(name).path()
        answer = self.manifest.response.column
        needed = ["row_id", "cell_id", "drug_id", answer]
        stored = read_parquet(path, columns=needed, dictionaries=["cell_id", "drug_id"])
        return Study(
            name,
            column(stored, "row_id").astype(np.int64, copy=False),
            _codes(stored, "cell_id", self._code_of(Entity.CELL), what=f"{path}: cell_id"),
            _codes(stored, "drug_id", self._code_of(Entity.DRUG), what=f"{path}: drug_id"),
            column(stored, answer).astype(np.float64, copy=False),
        )

    def _ids(self, entity: Entity) -> tuple[str, ...]:
        key = f"{entity}_id"
        return tuple(read_parquet(self.folder / INFO[entity], columns=[key])[key].to_pylist())

    def _code_of(self, entity: Entity) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.cells if entity is Entity.CELL else self.drugs)}

    def _tissue(self, scheme: Scheme) -> NDArray[np.int32] | None:
        """The tissue of each cell as a code, read only where a scheme is about it."""
        if scheme is not Scheme.TISSUE_BLIND:
            return None
        tissue = self.info(Entity.CELL)["tissue"].combine_chunks().dictionary_encode()
        return _values(tissue.indices).astype(np.int32, copy=False)


def read_matrix(folder: Path, entry: TableEntry) -> FeatureTable:
    values, rows, columns = (folder / path for path in entry.paths())
    return FeatureTable(entry.name, read_lines(rows), np.load(values, mmap_mode="r", allow_pickle=False), columns)


def read_lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


def read_parquet(path: Path, *, columns: list[str] | None = None, dictionaries: list[str] | None = None) -> pa.Table:
    """The columns of one file. pyarrow's own read_table would first import its machinery for folders of files."""
    with pq.ParquetFile(path, read_dictionary=dictionaries) as file:
        return file.read(columns=columns)


def column(table: pa.Table, name: str) -> NDArray[np.generic]:
    """A column without gaps as an array; a gap is an error."""
    if table[name].null_count:
        raise ReleaseError(f"column {name} has {table[name].null_count} empty values")
    return _values(table[name].combine_chunks())


def _values(array: pa.Array) -> NDArray[np.generic]:
    """The same memory as a numpy array; to_numpy would import pandas where there is one, for longer than all else."""
    values: NDArray[np.generic] = np.from_dlpack(array)
    return values


def _codes(table: pa.Table, name: str, code_of: dict[str, int], *, what: str) -> NDArray[np.int32]:
    """A dictionary column as codes of ours: one look-up a distinct value, none a row."""
    stored = table[name].unify_dictionaries().combine_chunks()
    if stored.null_count:
        raise ReleaseError(f"{what} has {stored.null_count} empty values")
    words = stored.dictionary.to_pylist()
    if unknown := [word for word in words if word not in code_of]:
        raise ReleaseError(f"{what} has '{unknown[0]}', which the release does not list")
    ours = np.array([code_of[word] for word in words], np.int32)
    return ours[_values(stored.indices)] if len(words) else np.zeros(0, np.int32)
