"""The files of a job: feature tables are mounted from the release as they are; a run writes its own rows and job.json.

The folders are named by keys, because a container can read the host's path of every mount in /proc/self/mountinfo.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmark_data.manifest import Entity, Kind, TableEntry
from benchmark_data.release import Release, read_lines
from evaluator.arms import ArmKind, identity_features, random_keys, seed_of
from evaluator.contract.job import ROOT, JobTable, TablePart
from evaluator.engine.runs import RunSpec
from evaluator.rows import Rows
from evaluator.sandbox.stages import Mount

Ids = Mapping[Entity, tuple[str, ...]]
"""The names that a job's rows and tables use for the release's cells and drugs, by code."""


@dataclass(frozen=True, slots=True)
class StagedTables:
    tables: tuple[JobTable, ...]
    mounts: tuple[Mount, ...]


def job_ids(release: Release, spec: RunSpec) -> Ids:
    """The release's own ids, or opaque ones that are the same in every stage of the run."""
    ids = {Entity.CELL: release.cells, Entity.DRUG: release.drugs}
    if not spec.remap_ids:
        return ids
    return {entity: _opaque(entity, len(names), spec.seed) for entity, names in ids.items()}


def _opaque(entity: Entity, n: int, seed: int) -> tuple[str, ...]:
    number = random_keys(n, seed_of(seed, "ids", entity)).argsort(kind="stable").argsort(kind="stable")
    return tuple(f"{entity}-{value:06d}" for value in number)


@dataclass(frozen=True, slots=True)
class TableStage:
    """Where a run's tables come from: the release, but for what the arm or the run's own ids replace."""

    release: Release
    spec: RunSpec
    ids: Ids
    folder: Path  # takes what is the run's own
    shared: Path  # takes what every run of this release can share

    def stage(self) -> StagedTables:
        """Every feature table of the release, mounted from where it lies."""
        tables, mounts = [], []
        folder = self.release.folder.absolute()  # Docker mounts nothing by a relative path
        for entry in self.release.manifest.tables:
            own = self._replaced(entry)
            tables.append(JobTable(entry.entity, entry.name, entry.kind, (TablePart(*entry.paths()),)))
            mounts += [Mount(own.get(path, folder / path), f"{ROOT}/{path}") for path in entry.paths()]
        return StagedTables(tuple(tables), tuple(mounts))

    def _replaced(self, entry: TableEntry) -> dict[str, Path]:
        """The files of a table that the job gets instead of the release's, by their path in it."""
        if entry.entity is Entity.CELL and entry.kind is Kind.MATRIX and self.spec.arm.kind is ArmKind.ONEHOT:
            return self._identity(entry)
        if not self.spec.remap_ids:
            return {}
        listed = self.release.cells if entry.entity is Entity.CELL else self.release.drugs
        own = dict(zip(listed, self.ids[entry.entity], strict=True))
        if entry.kind is Kind.TEXT:
            return self._renamed_text(entry, own)
        rows = entry.paths()[1]
        lines = tuple(own[name] for name in read_lines(self.release.folder / rows))
        return {rows: _write_lines(self.folder / rows, lines)}

    def _renamed_text(self, entry: TableEntry, own: dict[str, str]) -> dict[str, Path]:
        table, key, path = self.release.text_table(entry.entity, entry.name), f"{entry.entity}_id", entry.paths()[0]
        if key not in table.column_names:
            return {}
        renamed = pa.array([own[name] for name in table[key].to_pylist()])
        place = _place(self.folder / path)
        pq.write_table(table.set_column(table.column_names.index(key), key, renamed), place)
        return {path: place}

    def _identity(self, entry: TableEntry) -> dict[str, Path]:
        values, rows, columns = entry.paths()
        matrix = self.shared / "onehot.npy"
        if not matrix.exists():
            partial = _place(matrix.with_name(f"onehot.{self.spec.key()}.npy"))
            np.save(partial, identity_features(self.release.cells))
            partial.rename(matrix)
        names = tuple(f"cell_{code}" for code in range(len(self.release.cells)))
        return {
            values: matrix,
            rows: _write_lines(self.folder / rows, self.ids[Entity.CELL]),
            columns: _write_lines(self.folder / columns, names),
        }


def write_rows(path: Path, rows: Rows, ids: Ids) -> None:
    """train.parquet or val.parquet."""
    pq.write_table(_pairs(rows, ids).append_column("response", pa.array(rows.response)), path)


def write_query(path: Path, rows: Rows, ids: Ids, *, order: NDArray[np.intp]) -> None:
    """query.parquet: the target's pairs in the query's own order, numbered in it; no answer, no id of the release."""
    pairs = _pairs(rows, ids).take(pa.array(order))
    pq.write_table(pairs.add_column(0, "row_id", pa.array(np.arange(len(rows)))), path)


def query_order(n_rows: int, seed: int) -> NDArray[np.intp]:
    """An order of the query that says nothing about how the study's file is sorted."""
    return random_keys(n_rows, seed).argsort(kind="stable")


def _pairs(rows: Rows, ids: Ids) -> pa.Table:
    def named(codes: NDArray[np.int32], names: tuple[str, ...]) -> pa.Array:
        return pc.cast(pa.DictionaryArray.from_arrays(codes, list(names)), pa.string())

    return pa.table({"cell_id": named(rows.cell, ids[Entity.CELL]), "drug_id": named(rows.drug, ids[Entity.DRUG])})


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_lines(path: Path, lines: tuple[str, ...]) -> Path:
    _place(path).write_text("".join(f"{line}\n" for line in lines))
    return path
