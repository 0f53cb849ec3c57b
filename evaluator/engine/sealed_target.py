"""What a sealed study adds to one infer stage: its pairs, and its new cells and drugs as a second part of each table.

No other stage is given any of it, so a model meets its features and ids when it can learn nothing from them any more.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmark_data.manifest import Entity, Kind, TableEntry
from benchmark_data.release import Release, read_lines, read_parquet
from evaluator.arms import random_keys, seed_of
from evaluator.contract.errors import ContractError
from evaluator.contract.job import ROOT, TablePart
from evaluator.engine.runs import SEALED, RunSpec
from evaluator.engine.staging import StagedTables, job_ids
from evaluator.sandbox.stages import Mount

MORE = "more"
NEW = {Entity.CELL: "cells.parquet", Entity.DRUG: "drugs.parquet"}
Names = Mapping[Entity, Mapping[str, str]]
"""What a job calls each cell and drug that the release or the study has."""


@dataclass(frozen=True)
class SealedTarget:
    """The public part of a sealed study's bundle in a folder, checked by whoever brought it there. It has no answer."""

    study_id: str
    folder: Path

    @cached_property
    def pairs(self) -> pa.Table:
        return read_parquet(self.folder / "query.parquet", columns=["row_id", "cell_id", "drug_id"])

    def __len__(self) -> int:
        return int(self.pairs.num_rows)

    def new(self, entity: Entity) -> tuple[str, ...]:
        key = f"{entity}_id"
        return tuple(read_parquet(self.folder / NEW[entity], columns=[key])[key].to_pylist())

    def path(self, entry: TableEntry) -> Path | None:
        """The study's own rows of a table of the release, where it has any."""
        values = self.folder / entry.paths()[0]
        return values if values.exists() else None


def open_before(release: Release, spec: RunSpec, n_rows: int) -> str:
    """The open target that a model has to answer before a sealed study of so many rows: the smallest that has as many,
    another study than it was trained on where there is one."""
    rows = {entry.path: entry.rows for entry in release.manifest.files}
    sizes = {
        name: rows[release.manifest.study(name).path()] for name in spec.targets if name not in (spec.source, SEALED)
    }
    if large := [name for name, size in sizes.items() if size >= n_rows]:
        return min(large, key=lambda name: sizes[name])
    if spec.source in spec.targets:
        own = len(release.split(spec.source, spec.scheme, spec.split).test)
        if own >= n_rows:
            return spec.source
    reason = f"no open target has its {n_rows:,} rows or more, and a model has to answer one first"
    raise ContractError("the sealed study", column="rows", reason=reason)


def names_of(release: Release, target: SealedTarget, spec: RunSpec) -> Names:
    """The ids of the run's training where it knew them; new ones follow, in an order that says nothing."""
    known = {Entity.CELL: release.cells, Entity.DRUG: release.drugs}
    ids = job_ids(release, spec)
    names: dict[Entity, dict[str, str]] = {}
    for entity, listed in known.items():
        new = target.new(entity)
        order = random_keys(len(new), seed_of(spec.seed, "new", entity, target.study_id)).argsort(kind="stable")
        own = (
            [f"{entity}-{len(listed) + place:06d}" for place in order.argsort(kind="stable")]
            if spec.remap_ids
            else list(new)
        )
        names[entity] = dict(zip((*listed, *new), (*ids[entity], *own), strict=True))
    return names


def write_pairs(path: Path, target: SealedTarget, names: Names, *, order: NDArray[np.intp]) -> None:
    """query.parquet: the study's pairs in the query's own order, numbered in it; no row id of the study."""
    pairs = target.pairs.take(pa.array(order))
    columns = {"row_id": pa.array(np.arange(len(target)))}
    for entity in Entity:
        key = f"{entity}_id"
        columns[key] = pa.array([names[entity][name] for name in pairs[key].to_pylist()], pa.string())
    pq.write_table(pa.table(columns), path)


def with_new_parts(
    staged: StagedTables, release: Release, target: SealedTarget, names: Names, folder: Path
) -> StagedTables:
    """The run's tables, each followed by the study's own rows of it. `folder` gets what the stage sees of the study:
    a mount's path can be read inside, and the study's folder is named by its id."""
    tables, mounts = [], list(staged.mounts)
    for entry, table in zip(release.manifest.tables, staged.tables, strict=True):
        if target.path(entry) is None:
            tables.append(table)
            continue
        paths = tuple(f"{MORE}/{path}" for path in entry.paths())
        for path, inside in zip(entry.paths(), paths, strict=True):
            _place(target.folder / path, folder / inside, entry, names)
            mounts.append(Mount(folder / inside, f"{ROOT}/{inside}"))
        parts = (*table.parts, TablePart(*paths))
        tables.append(type(table)(table.entity, table.name, table.kind, parts))
    return StagedTables(tuple(tables), tuple(mounts))


def _place(source: Path, to: Path, entry: TableEntry, names: Names) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    own, key = names[entry.entity], f"{entry.entity}_id"
    if source.name.endswith(".rows.txt"):
        to.write_text("".join(f"{own[name]}\n" for name in read_lines(source)))
    elif entry.kind is Kind.TEXT:
        table = read_parquet(source)
        renamed = pa.array([own[name] for name in table[key].to_pylist()], pa.string())
        pq.write_table(table.set_column(table.column_names.index(key), key, renamed), to)
    else:
        _link(source, to)


def _link(source: Path, to: Path) -> None:
    try:
        os.link(source, to)
    except OSError:  # another file system
        shutil.copyfile(source, to)
