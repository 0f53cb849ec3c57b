"""What an importer found in its source, study by study and table by table: nothing is left out without a number."""

from dataclasses import dataclass
from enum import StrEnum

from benchmark_data.sheet import Sheet, count, percent


class LeftOut(StrEnum):
    """Why a row of answers is not in the release; a row is counted under the first that holds."""

    CELL = "cell not in the list"
    DRUG = "drug not in the list"
    NO_ANSWER = "no answer"
    RANGE = "answer outside the range"


@dataclass(frozen=True, slots=True)
class StudyFound:
    name: str
    rows_read: int
    rows_kept: int
    left_out: dict[str, int]  # reason → rows
    pairs: int
    repeated_pairs: int
    rows_of_repeated_pairs: int
    cells: int
    drugs: int
    rows_without: dict[str, int]  # table → kept rows whose cell or drug it does not have
    drugs_without_smiles: tuple[str, ...]  # of this study, with none that RDKit can read
    rows_without_smiles: int


@dataclass(frozen=True, slots=True)
class TableFound:
    table: str
    file: str
    rows: int
    columns: int
    missing: int  # values that are NaN
    not_finite: int  # of these, infinite or too large in the source
    ids_left_out: tuple[str, ...]  # in the source, and in no list of the release
    note: str = ""


@dataclass(frozen=True, slots=True)
class SplitsFound:
    study: str
    scheme: str
    count: int
    rows_left_out: int  # named by the splits, left out of the study


@dataclass(frozen=True, slots=True)
class UnreadableSmiles:
    drug: str
    smiles: str  # empty: the source has none


@dataclass(frozen=True, slots=True)
class ImportReport:
    folder: str
    name: str
    version: str
    release_id: str
    studies: tuple[StudyFound, ...]
    tables: tuple[TableFound, ...]
    splits: tuple[SplitsFound, ...]
    unreadable_smiles: tuple[UnreadableSmiles, ...]
    notes: tuple[str, ...]

    def sheets(self) -> tuple[Sheet, ...]:
        unreadable = tuple((found.drug, found.smiles or "none given") for found in self.unreadable_smiles)
        return (
            _study_sheet(self.studies),
            _feature_sheet(self.studies),
            _table_sheet(self.tables),
            _split_sheet(self.splits),
            Sheet("Drugs without a readable SMILES", ("drug", "SMILES"), unreadable),
        )

    def all_notes(self) -> tuple[str, ...]:
        """What no count above says: about tables first."""
        return tuple(note for found in self.tables for note in _table_notes(found)) + self.notes


def _study_sheet(studies: tuple[StudyFound, ...]) -> Sheet:
    facts: dict[str, list[int]] = {
        "rows read": [study.rows_read for study in studies],
        **{f"left out: {reason}": [study.left_out.get(reason, 0) for study in studies] for reason in LeftOut},
        "rows kept": [study.rows_kept for study in studies],
        "pairs": [study.pairs for study in studies],
        "repeated pairs": [study.repeated_pairs for study in studies],
        "rows of repeated pairs": [study.rows_of_repeated_pairs for study in studies],
        "cells": [study.cells for study in studies],
        "drugs": [study.drugs for study in studies],
        "drugs without a readable SMILES": [len(study.drugs_without_smiles) for study in studies],
        "rows of these drugs": [study.rows_without_smiles for study in studies],
    }
    rows = tuple((fact, *map(count, numbers)) for fact, numbers in facts.items())
    return Sheet("Studies", ("", *(study.name for study in studies)), rows)


def _feature_sheet(studies: tuple[StudyFound, ...]) -> Sheet:
    def cell(study: StudyFound, table: str) -> str:
        rows = study.rows_without[table]
        return f"{count(rows)} ({percent(rows / study.rows_kept)})" if rows else "0"

    tables = list(studies[0].rows_without) if studies else []
    rows = tuple((table, *(cell(study, table) for study in studies)) for table in tables)
    return Sheet("Rows without features", ("table", *(study.name for study in studies)), rows)


def _table_sheet(tables: tuple[TableFound, ...]) -> Sheet:
    rows = tuple(
        (found.table, found.file, count(found.rows), count(found.columns), count(found.missing)) for found in tables
    )
    return Sheet("Tables", ("table", "file", "rows", "columns", "missing values"), rows)


def _table_notes(found: TableFound) -> list[str]:
    notes = []
    if found.not_finite:
        notes.append(f"{count(found.not_finite)} of the missing values are infinite or too large in the source")
    if found.ids_left_out:
        notes.append(f"ids in no list of the release are left out: {_few(found.ids_left_out)}")
    if found.note:
        notes.append(found.note)
    return [f"{found.table}: {note}" for note in notes]


def _split_sheet(splits: tuple[SplitsFound, ...]) -> Sheet:
    rows = tuple((found.study, found.scheme, count(found.count), count(found.rows_left_out)) for found in splits)
    note = "Rows left out: rows that the splits name and the study lost for a reason above."
    return Sheet("Splits", ("study", "scheme", "splits", "rows left out"), rows, note if rows else "")


def _few(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {count(len(names) - 3)} more" if len(names) > 3 else shown
