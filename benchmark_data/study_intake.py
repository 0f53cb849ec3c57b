"""Turns a curator's tables into a study ready to be sealed: everything is checked before anything is encrypted.

The answers stay in memory. Rows are put into an order, and given ids, that say nothing of how the curator's file was
sorted: a file sorted by its answers would tell them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark_data import chemistry
from benchmark_data.errors import ReleaseError
from benchmark_data.intake import SMILES, as_uint8_values
from benchmark_data.manifest import Entity, Kind, Response, TableEntry
from benchmark_data.plain_tables import Matrix, numbers
from benchmark_data.release import Release
from benchmark_data.sealed_ask import needs_rows
from benchmark_data.strict_toml import nearest
from benchmark_data.study_spec import StudySpec
from benchmark_data.table_import import (
    cells_table,
    chosen_rows,
    computed_matrix,
    drugs_table,
    matrix_of,
    read_columns,
    smiles_column,
)
from benchmark_data.table_spec import CellsSpec, DrugsSpec
from benchmark_data.tracking import Track, untracked


@dataclass(frozen=True, slots=True)
class Features:
    entry: TableEntry
    columns: tuple[str, ...]
    values: NDArray[np.generic]  # rows in the order of the new ids


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study in memory, as it will be sealed."""

    query: pa.Table  # row_id, cell_id, drug_id
    response: NDArray[np.float64] = field(repr=False)
    info: dict[Entity, pa.Table]
    features: tuple[Features, ...]
    smiles: pa.Table | None  # of the new drugs, where the release has a table of them
    rows_without_answer: int
    pairs: int
    equal_rows: int  # that repeat another row's pair and answer exactly


def prepare(spec: StudySpec, folder: Path, release: Release, *, track: Track = untracked) -> PreparedStudy:
    """The study that a spec makes of the files in `folder`; whatever is wrong is a ReleaseError with its remedy."""
    cell, drug, response, empty = _screen(spec, folder, release.manifest.response)
    asked, known = {Entity.CELL: cell, Entity.DRUG: drug}, {Entity.CELL: release.cells, Entity.DRUG: release.drugs}
    new = {entity: tuple(sorted(set(asked[entity].tolist()) - set(known[entity]))) for entity in Entity}
    info = {entity: _info(spec, folder, entity, new[entity], asked[entity]) for entity in Entity}
    wanted = _wanted(release, spec, new)
    _refuse_unusable(release, spec, wanted)
    smiles = _smiles(spec, folder, new[Entity.DRUG])
    matrices = _matrices(spec, folder, smiles, track)
    features = tuple(
        _features(release, entry, matrices, new[entry.entity]) for entry in wanted if entry.kind is Kind.MATRIX
    )
    codes = [np.unique(names, return_inverse=True)[1] for names in (cell, drug)]
    pair = codes[0] * (codes[1].max() + 1) + codes[1]
    order = np.lexsort((np.random.default_rng(secrets.randbits(128)).random(len(pair)), pair))
    return PreparedStudy(
        query=pa.table({"row_id": np.arange(len(pair)), "cell_id": list(cell[order]), "drug_id": list(drug[order])}),
        response=response[order],
        info=info,
        features=features,
        smiles=pa.table({"drug_id": list(smiles), SMILES: list(smiles.values())})
        if any(entry.kind is Kind.TEXT for entry in wanted)
        else None,
        rows_without_answer=empty,
        pairs=len(np.unique(pair)),
        equal_rows=len(pair) - np.unique(np.stack([pair, response]), axis=1).shape[1],
    )


def _screen(
    spec: StudySpec, folder: Path, response: Response
) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.float64], int]:
    """Cell, drug and answer of every row that has one, and how many have none."""
    asked, name = spec.screen, spec.screen.response or response.column
    ids = [asked.cell_id, asked.drug_id]
    table = read_columns(folder, asked.file, [*ids, name, *asked.where], text=ids)
    table = table.filter(chosen_rows(asked.file, asked.where, table))
    answers = numbers(folder / asked.file, table, name)
    kept = ~np.isnan(answers)
    for column in ids:
        if table[column].null_count:
            raise ReleaseError(f"{asked.file}: column {column} has {table[column].null_count:,} empty values")
    if not kept.any():
        raise ReleaseError(f"{asked.file}: no row has an answer in column {name}")
    _refuse_outside(asked.file, name, answers[kept], response)
    cell, drug = (np.array(table[column].to_pylist(), np.str_)[kept] for column in ids)
    return cell, drug, answers[kept], int((~kept).sum())


def _refuse_outside(file: str, name: str, answers: NDArray[np.float64], response: Response) -> None:
    low = -np.inf if response.low is None else response.low
    high = np.inf if response.high is None else response.high
    outside = ~np.isfinite(answers) | (answers < low) | (answers > high)
    if not outside.any():
        return
    remedy = "leave these rows out with screen.where, or refit them"
    if (low, high) == (0, 1) and 10 < np.abs(answers).max() <= 150:
        remedy = "they look like percent: divide by 100"
    raise ReleaseError(
        f"{file}: {int(outside.sum()):,} of {len(answers):,} answers in column {name} are outside [{low:g}, {high:g}], "
        f"from {np.nanmin(answers):g} to {np.nanmax(answers):g}; {remedy}"
    )


def _info(spec: StudySpec, folder: Path, entity: Entity, new: Sequence[str], asked: NDArray[np.str_]) -> pa.Table:
    """Who the new ones are; one that the spec does not list is named with what to do about it."""
    key, listed = f"{entity}_id", spec.cells if entity is Entity.CELL else spec.drugs
    match listed:
        case CellsSpec():
            table = cells_table(listed, folder)
        case DrugsSpec():
            table = drugs_table(listed, folder)
        case None:
            table = pa.table({key: pa.array([], pa.string())})
    ids = table[key].to_pylist()
    if len(set(ids)) < len(ids):
        raise ReleaseError(f"{listed.file if listed else 'spec'}: a {entity} stands twice")
    place = {name: number for number, name in enumerate(ids)}
    if unknown := [name for name in new if name not in place]:
        rows = int(np.isin(asked, unknown).sum())
        are, it = ("is", "it") if len(unknown) == 1 else ("are", "them")
        where = f"{listed.file} does not list {it}" if listed else f"there is no [{entity}s]"
        raise ReleaseError(
            f"{spec.screen.file}: {entity} {_few(unknown)} ({rows:,} rows) {are} not in the release, and {where}; list "
            f"new {entity}s with their features, use the release's ids for known ones, or leave them out (screen.where)"
        )
    return table.take(pa.array([place[name] for name in new], pa.int64()))


def _smiles(spec: StudySpec, folder: Path, new: Sequence[str]) -> dict[str, str]:
    if not (spec.drugs and spec.drugs.smiles):
        return {}
    drugs, texts = smiles_column(spec.drugs, folder)
    given = dict(zip(drugs, texts, strict=True))
    found = {drug: given.get(drug) or "" for drug in new}
    if bad := [list(found)[place] for place in chemistry.unreadable(list(found.values()))]:
        raise ReleaseError(f"{spec.drugs.file}: RDKit cannot read the SMILES of drug {_few(bad)}: correct it there")
    return found


def _matrices(
    spec: StudySpec, folder: Path, smiles: dict[str, str], track: Track
) -> dict[tuple[Entity, str], tuple[str, Matrix]]:
    """Every matrix that the spec has, with the file that messages name."""
    found: dict[tuple[Entity, str], tuple[str, Matrix]] = {}
    for matrix in track(spec.matrix, "feature tables"):
        found[matrix.entity, matrix.name] = (matrix.file, matrix_of(matrix, folder))
    for computed in track(spec.computed, "computed tables"):
        made = computed_matrix(computed, tuple(smiles), tuple(smiles.values()))
        found[Entity.DRUG, computed.name] = (f"computed table {computed.name}", made)
    if len(found) < len(spec.matrix) + len(spec.computed):
        raise ReleaseError("two tables of the spec have the same name")
    return found


def _wanted(release: Release, spec: StudySpec, new: dict[Entity, tuple[str, ...]]) -> list[TableEntry]:
    """The release's tables that the new cells and drugs have to be in."""
    return [
        entry
        for entry in release.manifest.tables
        if new[entry.entity] and needs_rows(release, entry) and f"{entry.entity}/{entry.name}" not in spec.without
    ]


def _features(
    release: Release,
    entry: TableEntry,
    matrices: dict[tuple[Entity, str], tuple[str, Matrix]],
    new: Sequence[str],
) -> Features:
    """The rows of the new ones in the columns of the release's table, in its kind of number."""
    said = f"{entry.entity}/{entry.name}"
    if (entry.entity, entry.name) not in matrices:
        raise ReleaseError(
            f"the release has table {said}, and the spec has none for its {len(new):,} new {entry.entity}s: add a "
            f"[[matrix]]{' or [[computed]]' if entry.entity is Entity.DRUG else ''} of that name, or write "
            f'without = ["{said}"], and models will not have it of them'
        )
    file, matrix = matrices[entry.entity, entry.name]
    table = release.table(entry.entity, entry.name)
    rows = _places(matrix.ids, new, f"{file}: table {said} lacks new {entry.entity}")
    columns = _places(matrix.columns, table.columns, f"{file}: table {said} lacks the release's column")
    values = matrix.values[np.ix_(rows, columns)]
    if table.values.dtype == np.uint8:
        values = as_uint8_values(file, tuple(new), table.columns, values)
    return Features(entry, table.columns, np.ascontiguousarray(values, table.values.dtype))


def _places(known: Sequence[str], wanted: Sequence[str], lacks: str) -> list[int]:
    place = {name: number for number, name in enumerate(known)}
    if missing := [name for name in wanted if name not in place]:
        raise ReleaseError(f"{lacks} {_few(missing)}")
    if len(place) < len(known):
        raise ReleaseError(f"{lacks.split(':', maxsplit=1)[0]}: an id or a column stands twice")
    return [place[name] for name in wanted]


def _refuse_unusable(release: Release, spec: StudySpec, wanted: Sequence[TableEntry]) -> None:
    """A table that the release does not have, and a text table that cannot be made, are somebody's misunderstanding."""
    known = {f"{entry.entity}/{entry.name}": entry.kind for entry in release.manifest.tables}
    made = [f"{matrix.entity}/{matrix.name}" for matrix in spec.matrix]
    for said in [*made, *(f"{Entity.DRUG}/{computed.name}" for computed in spec.computed)]:
        if known.get(said) is not Kind.MATRIX:
            raise ReleaseError(f"the release has no matrix {said}: take it out of the spec")
    for said in spec.without:
        if said not in known:
            raise ReleaseError(f"without has '{said}'; {nearest(said, list(known))}")
    for entry in wanted:
        if entry.kind is not Kind.TEXT:
            continue
        if (entry.entity, entry.name) != (Entity.DRUG, SMILES):
            said = f"{entry.entity}/{entry.name}"
            raise ReleaseError(f'the release\'s text table {said} cannot be made here: write without = ["{said}"]')
        if not (spec.drugs and spec.drugs.smiles):
            raise ReleaseError("the release has table drug/smiles: name the column of SMILES as drugs.smiles")


def _few(names: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names[:3])
    return f"{quoted} and {len(names) - 3:,} more" if len(names) > 3 else quoted
