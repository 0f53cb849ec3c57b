"""Puts what an importer reads into a release, leaves out what cannot be used, and counts that for the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from benchmark_data import chemistry
from benchmark_data.errors import ReleaseError
from benchmark_data.import_report import (
    ImportReport,
    LeftOut,
    SplitsFound,
    StudyFound,
    TableFound,
    UnreadableSmiles,
)
from benchmark_data.manifest import Entity, Response, Scheme, checked_name
from benchmark_data.plain_tables import Matrix
from benchmark_data.release import Study
from benchmark_data.splits import Split, prove_disjoint
from benchmark_data.writer import Origin, ReleaseWriter

SMILES = "smiles"
UNKNOWN_TISSUE = "unknown"
"""The tissue of a cell whose source names none: one group of its own in tissue-blind splits."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The usable rows of a study, as they are written and as codes, and the ids of the others."""

    study: Study
    rows: pa.Table  # row_id, cell_id, drug_id, the response, and what else is kept
    left_out_ids: NDArray[np.int64]
    left_out: dict[str, int]


@dataclass(slots=True)
class Intake:
    writer: ReleaseWriter
    response: Response
    ids: dict[Entity, tuple[str, ...]] = field(default_factory=dict)
    tissue: NDArray[np.int32] | None = None  # a code a cell, where tissues are known
    screens: dict[str, Screen] = field(default_factory=dict)
    in_table: dict[tuple[Entity, str], frozenset[str]] = field(default_factory=dict)
    tables: list[TableFound] = field(default_factory=list)
    splits: list[SplitsFound] = field(default_factory=list)
    unreadable: list[UnreadableSmiles] = field(default_factory=list)

    def add_info(self, entity: Entity, table: pa.Table, origin: Origin) -> None:
        self.writer.add_info(entity, table, origin)
        self.ids[entity] = tuple(table[f"{entity}_id"].to_pylist())
        if entity is Entity.CELL and "tissue" in table.column_names:
            self.tissue = table["tissue"].combine_chunks().dictionary_encode().indices.to_numpy()

    def add_screen(self, name: str, table: pa.Table, origin: Origin, description: str = "") -> None:
        """Rows with row_id, cell_id, drug_id and the response as float64; those that cannot be used are counted."""
        checked_name(name)
        answers = table[self.response.column].to_numpy()
        low, high = self.response.low, self.response.high
        outside = np.isinf(answers)
        outside |= False if low is None else answers < low
        outside |= False if high is None else answers > high
        bad = {
            LeftOut.CELL: ~_listed(table["cell_id"], self.ids[Entity.CELL]),
            LeftOut.DRUG: ~_listed(table["drug_id"], self.ids[Entity.DRUG]),
            LeftOut.NO_ANSWER: np.isnan(answers),
            LeftOut.RANGE: outside,
        }
        usable = np.ones(len(answers), bool)
        left_out: dict[str, int] = {}
        for reason, rows in bad.items():
            left_out[str(reason)] = int((usable & rows).sum())
            usable &= ~rows
        kept = table.filter(pa.array(usable))
        self.writer.add_study(name, kept, origin, description)
        cell, drug = (_codes(kept[f"{entity}_id"], self.ids[entity]) for entity in Entity)
        study = Study(name, kept["row_id"].to_numpy(), cell, drug, answers[usable])
        self.screens[name] = Screen(study, kept, table["row_id"].to_numpy()[~usable], left_out)

    def add_matrix(
        self,
        entity: Entity,
        name: str,
        matrix: Matrix,
        *,
        file: str,
        origin: Origin,
        as_uint8: bool = False,
        description: str = "",
        note: str = "",
    ) -> None:
        """Features of listed cells or drugs; the ids of others are named in the report."""
        checked_name(name)
        known = frozenset(self.ids[entity])
        wanted = np.array([name in known for name in matrix.ids], bool)
        ids = tuple(name for name in matrix.ids if name in known)
        values: NDArray[np.generic] = matrix.values if wanted.all() else matrix.values[wanted]
        missing = int(np.isnan(values).sum())
        if as_uint8:
            values = as_uint8_values(file, ids, matrix.columns, values)
        self.writer.add_matrix(
            entity, name, ids=ids, columns=matrix.columns, values=values, origin=origin, description=description
        )
        others = tuple(name for name in matrix.ids if name not in known)
        self.in_table[entity, name] = frozenset(ids)
        shape = (len(ids), len(matrix.columns))
        self.tables.append(TableFound(f"{entity}/{name}", file, *shape, missing, matrix.not_finite, others, note))

    def add_smiles(
        self, drugs: Sequence[str], smiles: Sequence[str | None], *, file: str, origin: Origin
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The drugs whose SMILES RDKit can read, and these; the others are named in the report."""
        known = frozenset(self.ids[Entity.DRUG])
        given = {drug: text or "" for drug, text in zip(drugs, smiles, strict=True) if drug in known}
        if len(set(drugs)) < len(drugs):
            raise ReleaseError(f"{file}: a drug stands twice")
        listed = [(drug, given.get(drug, "")) for drug in self.ids[Entity.DRUG]]
        bad = set(chemistry.unreadable([text for _, text in listed]))
        self.unreadable += [UnreadableSmiles(*listed[place]) for place in sorted(bad)]
        readable = [pair for place, pair in enumerate(listed) if place not in bad]
        ids, texts = (tuple(column) for column in zip(*readable, strict=True)) if readable else ((), ())
        table = pa.table({"drug_id": pa.array(ids, pa.string()), SMILES: pa.array(texts, pa.string())})
        self.writer.add_text(Entity.DRUG, SMILES, table, origin, "SMILES that RDKit can read")
        others = tuple(drug for drug in drugs if drug not in known)
        self.in_table[Entity.DRUG, SMILES] = frozenset(ids)
        self.tables.append(TableFound(f"{Entity.DRUG}/{SMILES}", file, len(ids), 1, 0, 0, others))
        return ids, texts

    def add_splits(self, study: str, scheme: Scheme, splits: Sequence[Sequence[ArrayLike]], origin: Origin) -> None:
        """Lists of row_id as the source has them, less the rows that the study lost; proved disjoint here already."""
        screen = self.screens[study]
        dropped = 0
        kept: list[list[NDArray[np.int64]]] = []
        for number, parts in enumerate(splits):
            lists = [np.asarray(part, np.int64) for part in parts]
            usable = [part[~np.isin(part, screen.left_out_ids)] for part in lists]
            dropped += sum(map(len, lists)) - sum(map(len, usable))
            split = Split(study, scheme, number, *(screen.study.positions(part) for part in usable))
            prove_disjoint(split, cell=screen.study.cell, drug=screen.study.drug, tissue=self.tissue)
            kept.append(usable)
        self.writer.add_splits(study, scheme, kept, origin)
        self.splits.append(SplitsFound(study, str(scheme), len(kept), dropped))

    def report(self, folder: Path, *, name: str, version: str, notes: Sequence[str] = ()) -> ImportReport:
        """What was found, once the release is written."""
        return ImportReport(
            folder=str(folder),
            name=name,
            version=version,
            release_id=self.writer.release_id,
            studies=tuple(_study_found(screen, self.in_table) for screen in self.screens.values()),
            tables=tuple(self.tables),
            splits=tuple(self.splits),
            unreadable_smiles=tuple(self.unreadable),
            notes=tuple(notes),
        )


def with_kept(own: dict[str, Any], kept: dict[str, Any], *, what: str) -> pa.Table:
    """Our columns of a list or a study with those that its source has beside them; a name is one or the other's."""
    if taken := own.keys() & kept.keys():
        raise ReleaseError(f"{what}: a column to keep is called '{min(taken)}', which is a column of the release's own")
    return pa.table(own | kept)


def _study_found(screen: Screen, in_table: dict[tuple[Entity, str], frozenset[str]]) -> StudyFound:
    rows, study = screen.rows, screen.study
    _, times = np.unique(study.cell.astype(np.int64) << 32 | study.drug, return_counts=True)
    drugs = rows["drug_id"].unique().to_pylist()
    readable = in_table.get((Entity.DRUG, SMILES), frozenset())
    return StudyFound(
        name=study.name,
        rows_read=len(study) + len(screen.left_out_ids),
        rows_kept=len(study),
        left_out=screen.left_out,
        pairs=len(times),
        repeated_pairs=int((times > 1).sum()),
        rows_of_repeated_pairs=int(times[times > 1].sum()),
        cells=len(np.unique(study.cell)),
        drugs=len(drugs),
        rows_without={
            f"{entity}/{name}": int((~_listed(rows[f"{entity}_id"], ids)).sum())
            for (entity, name), ids in in_table.items()
        },
        drugs_without_smiles=tuple(drug for drug in drugs if drug not in readable),
        rows_without_smiles=int((~_listed(rows["drug_id"], readable)).sum()),
    )


def _codes(ids: pa.ChunkedArray, known: Sequence[str]) -> NDArray[np.int32]:
    codes: NDArray[np.int32] = pc.index_in(ids, value_set=pa.array(known, pa.string())).to_numpy().astype(np.int32)
    return codes


def _listed(ids: pa.ChunkedArray, known: Iterable[str]) -> NDArray[np.bool_]:
    """Whether each id is known; an empty one is not."""
    found: NDArray[np.bool_] = pc.is_in(ids, value_set=pa.array(list(known), pa.string())).to_numpy()
    return found


def as_uint8_values(
    file: str, ids: Sequence[str], columns: Sequence[str], values: NDArray[np.generic]
) -> NDArray[np.generic]:
    with np.errstate(invalid="ignore"):  # what does not fit is found by comparing
        small = values.astype(np.uint8)
    if (wrong := small != values).any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        raise ReleaseError(
            f"{file}, {ids[row]}, column {columns[column]}: {values[row, column]} is not a whole number from 0 to 255"
        )
    return small
