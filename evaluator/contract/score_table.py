"""The long table of scores that IMPROVE's post-processing writes: met, split, value, src, trg, model."""

import csv
import io
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.contract.errors import ContractError, shown
from evaluator.contract.files import open_regular, read_bounded

COLUMNS = ("met", "split", "value", "src", "trg", "model")
LARGEST_BYTES = 1 << 28
LONGEST_NAME = 100


@dataclass(slots=True)
class ScoreTable:
    """Scores of one metric: scores[model][source, target][split], NaN where the table says nan.

    Models and studies stand in the order in which the table first names them, a row's source before its target.
    """

    scores: dict[str, dict[tuple[str, str], dict[int, float]]] = field(default_factory=dict)
    studies: dict[str, None] = field(default_factory=dict)
    splits: set[int] = field(default_factory=set)


def read_score_tables(path: Path) -> dict[str, ScoreTable]:
    """The tables of each metric. Refused is a table with two values for one metric, model, source, target and split."""
    descriptor = open_regular(path.resolve())  # the user's own file, which may be a link
    try:
        content = read_bounded(descriptor, file=path.name, limit_bytes=LARGEST_BYTES, because="tables of scores")
    finally:
        os.close(descriptor)
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        _check_header(list(lines.fieldnames or ()), path.name)
        return _collected(_rows(lines, path.name), path.name)
    except UnicodeDecodeError:
        raise ContractError(path.name, reason="it is not UTF-8") from None
    except csv.Error as error:
        raise ContractError(path.name, reason=f"it is not CSV ({error})") from None


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    metric: str
    split: int
    value: float
    source: str
    target: str
    model: str


def _check_header(names: list[str], file: str) -> None:
    for name in COLUMNS:
        if names.count(name) != 1:
            raise ContractError(
                file, column=name, reason=f"there must be one such column, and there are {names.count(name)}"
            )
    for name in names:
        if name not in COLUMNS:
            raise ContractError(file, reason=f"it has a column {shown(name)}; the columns are {', '.join(COLUMNS)}")


def _rows(lines: "csv.DictReader[str]", file: str) -> Iterator[_Row]:
    for number, line in enumerate(lines, 1):
        if None in line or None in line.values():
            raise ContractError(file, row=number, reason=f"it does not have {len(COLUMNS)} cells")
        for name in ("met", "src", "trg", "model"):
            if not 0 < len(line[name]) <= LONGEST_NAME:
                raise ContractError(file, row=number, column=name, reason=f"a name has 1 to {LONGEST_NAME} characters")
        split, value = _split(line["split"]), _value(line["value"])
        if split is None:
            reason = f"{shown(line['split'])} is not the number of a split"
            raise ContractError(file, row=number, column="split", reason=reason)
        if value is None:
            reason = f"{shown(line['value'])} is not a finite number, nor nan for an undefined score"
            raise ContractError(file, row=number, column="value", reason=reason)
        yield _Row(number, line["met"], split, value, line["src"], line["trg"], line["model"])


def _split(cell: str) -> int | None:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= 9 else None


def _value(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isinf(value) else value


def _collected(rows: Iterator[_Row], file: str) -> dict[str, ScoreTable]:
    tables: dict[str, ScoreTable] = {}
    for row in rows:
        table = tables.setdefault(row.metric, ScoreTable())
        table.studies |= {row.source: None, row.target: None}
        table.splits.add(row.split)
        of_splits = table.scores.setdefault(row.model, {}).setdefault((row.source, row.target), {})
        if row.split in of_splits:
            entry = f"{row.metric} of {row.model}, {row.source} to {row.target}, split {row.split}"
            raise ContractError(file, row=row.number, reason=f"it repeats {shown(entry, 120)}")
        of_splits[row.split] = row.value
    if not tables:
        raise ContractError(file, reason="it has no rows")
    return tables
