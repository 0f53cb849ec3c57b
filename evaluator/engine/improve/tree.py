"""The csa_data tree of one stage: every row of the release in its place, and no answer but those of train and val.

x_data says nothing of a run, so it is written once a release and mounted everywhere.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark_data.csa_export import (
    RESPONSE_COLUMNS,
    Layout,
    row_positions,
    with_answers_of,
    write_matrix,
    write_names,
    write_positions,
    write_response,
)
from benchmark_data.csa_tree import CELL_INFO_FILE
from benchmark_data.manifest import Entity, Kind
from benchmark_data.release import FeatureTable, Release
from evaluator.arms import identity_features
from evaluator.engine.improve.driver import SPLIT_FILE
from evaluator.engine.staging import fresh
from evaluator.rows import Rows

Positions = NDArray[np.int64]
"""Rows of response.tsv, counted from 0."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows whose answers a model sees, each with the row whose answers those are: itself, but for an arm."""

    rows: Positions
    answers: Positions


def positions(release: Release, study: str, rows: Rows) -> Positions:
    """Where rows of a study stand in response.tsv."""
    return row_positions(release, study)[release.study(study).positions(rows.row_id)]


def masked(rows: pa.Table, shown: Shown, *, response: str) -> pa.Table:
    """response.tsv as a model may see it. An arm moves all responses of a row together: one tells of another."""
    origin = np.arange(rows.num_rows)
    origin[shown.rows] = shown.answers
    for name in dict.fromkeys([*RESPONSE_COLUMNS, response]):
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].take(pa.array(origin)))
    return with_answers_of(rows, shown.rows)


def write_tree(folder: Path, rows: pa.Table, **parts: Positions) -> None:
    """y_data and splits; the split files do not say which study and split they are of."""
    write_response(folder, rows)
    for part, members in parts.items():
        write_positions(folder, SPLIT_FILE.format(part).removesuffix(".txt"), members)


def shared_features(release: Release, root: Path, *, layout: Layout, identity: bool) -> Path:
    """The x_data of a release: written by whoever asks first, whole or not at all. `identity`: as `onehot` wants it."""
    name = f"{release.id[:20]}-{layout}" + ("-identity" if identity else "")
    place = root / name
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / f"{name}.lock"):
        if not place.exists():
            partial = fresh(root / f"{name}.partial")
            _write_features(release, partial, layout=layout, identity=identity)
            (partial / "x_data").rename(place)
            shutil.rmtree(partial)
    return place


def _write_features(release: Release, folder: Path, *, layout: Layout, identity: bool) -> None:
    for entry in release.manifest.tables:
        if entry.kind is Kind.MATRIX:
            table = release.table(entry.entity, entry.name)
            if identity and entry.entity is Entity.CELL:
                table = _identity(release, table, folder)
            write_matrix(folder, entry, table, layout=layout)
    write_names(folder, release)
    # Names and tissues of cells: no part of the contract, and features of what `onehot` makes mere names.
    (folder / "x_data" / CELL_INFO_FILE).unlink()


def _identity(release: Release, table: FeatureTable, folder: Path) -> FeatureTable:
    columns = folder / "columns.txt"
    columns.write_text("".join(f"cell_{code}\n" for code in range(len(release.cells))))
    return replace(table, ids=release.cells, values=identity_features(release.cells), columns_path=columns)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
