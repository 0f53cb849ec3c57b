"""Writes a release as the csa_data tree that IMPROVE's scripts read: for its peers, and for models run unmodified.

It writes what it is given. Which answers a model may see is decided by whoever calls `with_answers_of`.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmark_data.csa_tree import (
    CELL_COLUMN,
    CELL_INFO_FILE,
    DRUG_COLUMN,
    DRUG_INFO_FILE,
    KEY,
    RESPONSE_FILE,
    SMILES_COLUMN,
    SMILES_FILE,
    STUDY_COLUMN,
    TABLES,
)
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Entity, Kind, Scheme, TableEntry
from benchmark_data.release import FeatureTable, Release
from benchmark_data.splits import Split
from benchmark_data.tracking import Track, untracked

EXPERIMENT_COLUMN = "study"
RESPONSE_COLUMNS = ("auc", "ic50", "ec50", "ec50se", "r2fit", "einf", "hs", "aac1", "auc1", "dss1")
_KEYS = (STUDY_COLUMN, CELL_COLUMN, DRUG_COLUMN, EXPERIMENT_COLUMN)
_TSV = pcsv.WriteOptions(delimiter="\t", quoting_style="none", quoting_header="none")
_BLOCK = 1 << 20  # values turned to text at a time


class Layout(StrEnum):
    """improvelib 0.1.0 reads up to four header rows over a feature table, 1.0.0 one."""

    MANY_HEADERS = "0.1.0"
    ONE_HEADER = "1.0.0"


def export_csa(release: Release, folder: Path, *, layout: Layout, track: Track = untracked) -> None:
    """The whole tree, with every answer of the release in the clear."""
    if folder.exists():
        raise ReleaseError(f"{folder} is there already: choose another folder for the csa_data tree")
    write_response(folder, response_rows(release))
    for study in track(release.study_names(), "split files"):
        write_splits(folder, release, study)
    matrices = [table for table in release.manifest.tables if table.kind is Kind.MATRIX]
    for entry in track(matrices, "feature files"):
        write_matrix(folder, entry, release.table(entry.entity, entry.name), layout=layout)
    write_names(folder, release)


def response_rows(release: Release) -> pa.Table:
    """All studies' rows with IMPROVE's columns, in the order of `row_positions`.

    A response that the release does not have is 0.0: models stop where a column is missing.
    """
    studies = [_study_rows(release, name) for name in release.study_names()]
    rows = pa.concat_tables(studies, promote_options="default")
    positions = np.concatenate([row_positions(release, name) for name in release.study_names()])
    return rows.take(pa.array(np.argsort(positions, kind="stable")))


def row_positions(release: Release, study: str) -> NDArray[np.int64]:
    """Where a study's rows stand in response.tsv: at their row_id where these number all rows, else study by study."""
    names = release.study_names()
    row_id = np.concatenate([release.study(name).row_id for name in names])
    first = sum(len(release.study(name)) for name in names[: names.index(study)])
    if np.array_equal(np.sort(row_id), np.arange(len(row_id))):
        return release.study(study).row_id
    return np.arange(first, first + len(release.study(study)))


def with_answers_of(rows: pa.Table, positions: NDArray[np.int64]) -> pa.Table:
    """The same rows in the same order, with 0.0 in every response column of every row not among these positions.

    Not a gap and not a missing column: some models stop at either, and one response gives another away.
    """
    shown = np.zeros(rows.num_rows, bool)
    shown[positions] = True
    for name in (name for name in rows.column_names if name not in _KEYS):
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, pc.if_else(pa.array(shown), rows[name], pa.scalar(0.0)))
    return rows


def write_response(folder: Path, rows: pa.Table) -> None:
    pcsv.write_csv(rows, _place(folder, RESPONSE_FILE), _TSV)


def write_splits(folder: Path, release: Release, study: str) -> None:
    """Random-row splits, the only ones that IMPROVE's workflow names, and the file of all rows."""
    positions = row_positions(release, study)
    write_positions(folder, f"{study}_all", positions)
    for entry in release.manifest.splits:
        if (entry.study, entry.scheme) == (study, Scheme.RANDOM_ROWS):
            for number in range(entry.count):
                write_split(folder, release.split(study, entry.scheme, number), positions)


def write_split(folder: Path, split: Split, positions: NDArray[np.int64]) -> None:
    """The three files of a split; `positions` says where the study's rows stand in response.tsv."""
    for part, members in split.parts().items():
        write_positions(folder, f"{split.study}_split_{split.number}_{part}", positions[members])


def write_positions(folder: Path, name: str, positions: NDArray[np.int64]) -> None:
    text = "".join(f"{position}\n" for position in positions.tolist())
    _place(folder, f"splits/{name}.txt").write_text(text, encoding="ascii")


def write_matrix(folder: Path, entry: TableEntry, table: FeatureTable, *, layout: Layout) -> None:
    """A feature table under the name that improvelib knows it by, or one made like it."""
    known = {(one.entity, one.name): one for one in reversed(TABLES)}.get((entry.entity, entry.name))
    prefix = "cancer" if entry.entity is Entity.CELL else "drug"
    name = known.file if known else f"{prefix}_{entry.name}.tsv"
    headers = len(known.levels) if known and layout is Layout.MANY_HEADERS else 1
    with _place(folder, f"x_data/{name}").open("w", encoding="utf-8") as file:
        # Our one name for a gene stands in every header row: other identifiers of it are not in the release.
        header = "\t".join([KEY[entry.entity], *table.columns])
        file.writelines(f"{header}\n" for _ in range(headers))
        for ids, lines in _text_blocks(table.ids, table.values):
            file.writelines(f"{name}\t{line}\n" for name, line in zip(ids, lines, strict=True))


def write_names(folder: Path, release: Release) -> None:
    """Who the cells and drugs are, and the drugs' SMILES."""
    for entity, file in ((Entity.CELL, CELL_INFO_FILE), (Entity.DRUG, DRUG_INFO_FILE)):
        info = release.info(entity)
        write_text(folder, file, info.rename_columns([KEY[entity], *info.column_names[1:]]))
    for entry in release.manifest.tables:
        if (entry.entity, entry.name, entry.kind) == (Entity.DRUG, "smiles", Kind.TEXT):
            smiles = release.text_table(entry.entity, entry.name).select(["drug_id", "smiles"])
            write_text(folder, SMILES_FILE, smiles.rename_columns([DRUG_COLUMN, SMILES_COLUMN]))


def write_text(folder: Path, name: str, table: pa.Table) -> None:
    pcsv.write_csv(table, _place(folder, f"x_data/{name}"), _TSV)


def _study_rows(release: Release, study: str) -> pa.Table:
    stored = pq.read_table(release.folder / release.manifest.study(study).path())
    answers = dict.fromkeys([*RESPONSE_COLUMNS, release.manifest.response.column])
    columns: dict[str, pa.ChunkedArray | pa.Array] = {
        STUDY_COLUMN: pa.repeat(study, len(stored)),
        CELL_COLUMN: stored["cell_id"],
        DRUG_COLUMN: stored["drug_id"],
        EXPERIMENT_COLUMN: _kept(stored, EXPERIMENT_COLUMN, otherwise=study, as_type=pa.string()),
    }
    columns |= {name: _kept(stored, name, otherwise=0.0, as_type=pa.float64()) for name in answers}
    return pa.table(columns)


def _kept(stored: pa.Table, name: str, *, otherwise: str | float, as_type: pa.DataType) -> pa.ChunkedArray | pa.Array:
    return stored[name].cast(as_type) if name in stored.column_names else pa.repeat(otherwise, len(stored))


def _text_blocks(ids: Sequence[str], values: NDArray[np.generic]) -> Iterator[tuple[Sequence[str], Iterable[str]]]:
    """Lines of tab-separated values, a block of rows at a time: the shortest text that reads back as the same float."""
    rows, width = values.shape
    step = max(1, _BLOCK // max(width, 1))
    for start in range(0, rows, step):
        block = values[start : start + step]
        words = pa.array(block.ravel()).cast(pa.string())
        lists = pa.ListArray.from_arrays(np.arange(0, block.size + 1, width, dtype=np.int32), words)
        yield ids[start : start + step], pc.binary_join(lists, "\t").to_pylist()


def _place(folder: Path, path: str) -> Path:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
