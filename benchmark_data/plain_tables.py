"""Reads the tables that people keep: TSV, CSV and Parquet, with one sentence for whatever is wrong in them."""

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError
from benchmark_data.strict_toml import nearest

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})
"""How people write that there is no value, in lower case and without blanks around."""

_DELIMITERS = {".tsv": "\t", ".txt": "\t", ".csv": ","}
_NULLS = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "<NA>"]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Features: one row an id, one column a feature; NaN where the source has no value."""

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.generic]
    not_finite: int = 0  # values that were infinite or too large for float32, and are NaN here


@dataclass(frozen=True, slots=True)
class TextMatrix:
    """A delimited matrix as it stands in its file, with all its header rows."""

    corner: str
    headers: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...]
    values: NDArray[np.float32]
    not_finite: int


def read_table(path: Path, *, text: Sequence[str] = ()) -> pa.Table:
    """All columns of a table; those in `text` as they are written, the others as numbers where they all are."""
    if path.suffix == ".parquet":
        return _opened(path, lambda file: _as_text(pq.read_table(file), text))
    options = pacsv.ConvertOptions(
        column_types={name: pa.string() for name in text}, null_values=_NULLS, strings_can_be_null=True
    )
    parse = pacsv.ParseOptions(delimiter=_delimiter(path))
    # One thread: with more, errors come without their row.
    read = pacsv.ReadOptions(use_threads=False)
    return _opened(
        path, lambda file: pacsv.read_csv(file, read_options=read, parse_options=parse, convert_options=options)
    )


def refuse_absent(path: Path, known: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            raise ReleaseError(f"{path} has no column '{name}'; {nearest(name, list(known))}")


def numbers(path: Path, table: pa.Table, name: str) -> NDArray[np.float64]:
    """A column as float64, NaN where it is empty; text in it is named with its line."""
    column = table[name]
    if pa.types.is_string(column.type):
        values = [_number(word) for word in column.to_pylist()]
        if None in values:
            row = values.index(None)
            raise ReleaseError(f"{path}, line {row + 2}: {name} is '{column[row].as_py()}', not a number")
        return np.array(values, np.float64)
    try:
        result: NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy().astype(np.float64, copy=False)
    except pa.ArrowException:
        raise ReleaseError(f"{path}: column {name} is {column.type}, not numbers") from None
    return result


def whole_numbers(path: Path, table: pa.Table, name: str) -> NDArray[np.int64]:
    """A column of integers without a gap."""
    column = table[name]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise ReleaseError(f"{path}: column {name} holds something else than whole numbers")
    result: NDArray[np.int64] = column.to_numpy().astype(np.int64)
    return result


def read_matrix(path: Path, *, id_column: str = "", entities_are_columns: bool = False) -> Matrix:
    """A table of numbers with one column of ids, or, transposed, with one column of feature names."""
    found = _parquet_matrix(path, id_column) if path.suffix == ".parquet" else _delimited_matrix(path, id_column)
    if not entities_are_columns:
        return found
    return Matrix(found.columns, found.ids, np.ascontiguousarray(found.values.T), found.not_finite)


def read_text_matrix(path: Path, *, is_header: Callable[[int, list[str]], bool]) -> TextMatrix:
    """Line by line, so that a large file needs little more memory than its values.

    `is_header` is asked of the first lines, by number from 0, until it says no.
    """
    headers: list[list[str]] = []
    ids: list[str] = []
    rows: list[NDArray[np.float32]] = []
    not_finite = 0
    for line, fields in _lines(path):
        if headers and len(fields) != len(headers[0]):
            raise ReleaseError(f"{path}, line {line}: {len(fields)} columns where the first line has {len(headers[0])}")
        if not rows and is_header(len(headers), fields):
            headers.append(fields)
            continue
        values = _values(path, line, fields, headers[-1])
        with np.errstate(over="ignore"):
            row = values.astype(np.float32)
        infinite = np.isinf(row)
        not_finite += int(infinite.sum())
        row[infinite] = np.nan
        ids.append(fields[0])
        rows.append(row)
    if not headers:
        raise ReleaseError(f"{path} is empty")
    values_of_all = np.stack(rows) if rows else np.zeros((0, len(headers[0]) - 1), np.float32)
    return TextMatrix(headers[0][0], tuple(tuple(row[1:]) for row in headers), tuple(ids), values_of_all, not_finite)


def first_column(path: Path, *, is_header: Callable[[int, list[str]], bool]) -> list[str]:
    """The ids of a delimited matrix whose values nobody needs yet: no line but the header is taken apart."""
    ids: list[str] = []
    headers = 0
    delimiter = _delimiter(path)
    with _text(path) as lines:
        for line in lines:
            if not ids and is_header(headers, line.rstrip("\n").split(delimiter)):
                headers += 1
            elif word := line.split(delimiter, 1)[0].strip().strip('"'):
                ids.append(word)
    return ids


def is_number(word: str) -> bool:
    """A gap is none."""
    value = _number(word)
    return value is not None and not math.isnan(value)


def _delimited_matrix(path: Path, id_column: str) -> Matrix:
    text = read_text_matrix(path, is_header=lambda number, _: number == 0)
    if id_column and text.corner != id_column:
        raise ReleaseError(f"{path}: the first column is '{text.corner}', not '{id_column}': move the ids to the front")
    return Matrix(text.ids, text.headers[0], text.values, text.not_finite)


def _parquet_matrix(path: Path, id_column: str) -> Matrix:
    table = _opened(path, pq.read_table)
    key = id_column or table.column_names[0]
    refuse_absent(path, table.column_names, [key])
    if table[key].null_count:
        raise ReleaseError(f"{path}: column {key} has {table[key].null_count} empty values")
    names = [name for name in table.column_names if name != key]
    values = np.empty((table.num_rows, len(names)), np.float32)
    not_finite = 0
    for place, name in enumerate(names):
        if not (pa.types.is_integer(table[name].type) or pa.types.is_floating(table[name].type)):
            raise ReleaseError(f"{path}: column {name} is {table[name].type}, not numbers")
        with np.errstate(over="ignore"):
            values[:, place] = table[name].to_numpy()
    infinite = np.isinf(values)
    not_finite = int(infinite.sum())
    values[infinite] = np.nan
    return Matrix(tuple(pc.cast(table[key], pa.string()).to_pylist()), tuple(names), values, not_finite)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    with _text(path) as file:
        reader = csv.reader(file, delimiter=_delimiter(path))
        for fields in reader:
            if fields:
                yield reader.line_num, fields


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """Lines of UTF-8, whatever they end with; what cannot be read is one sentence."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield file
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ReleaseError(f"{path} is not UTF-8: it has the byte {error.object[error.start]:#x}") from None
    except csv.Error as error:
        raise ReleaseError(f"{path} is not a table: {error}") from None


def _values(path: Path, line: int, fields: list[str], header: list[str]) -> NDArray[np.float64]:
    try:
        return np.fromiter(map(float, fields[1:]), np.float64, len(fields) - 1)
    except ValueError:
        pass  # a gap, or text: look at each
    values = [_number(word) for word in fields[1:]]
    if None in values:
        place = values.index(None) + 1
        raise ReleaseError(f"{path}, line {line}, column {header[place] or place}: '{fields[place]}' is not a number")
    return np.array(values, np.float64)


def _number(word: str | None) -> float | None:
    """NaN for a gap, None for text."""
    if word is None or word.strip().lower() in MISSING:
        return math.nan
    try:
        return float(word)
    except ValueError:
        return None


def _delimiter(path: Path) -> str:
    if path.suffix not in _DELIMITERS:
        raise ReleaseError(f"{path}: the kind of file is told by its ending: .tsv, .txt, .csv or .parquet")
    return _DELIMITERS[path.suffix]


def _as_text(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for name in set(names) & set(table.column_names):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.cast(table[name], pa.string()))
    return table


def _opened(path: Path, read: Callable[[BinaryIO], pa.Table]) -> pa.Table:
    """A table whose columns are one each."""
    try:
        with path.open("rb") as file:
            table = read(file).replace_schema_metadata(None)
        names = Counter(table.column_names)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ReleaseError(f"{path} is not UTF-8: it has the byte {error.object[error.start]:#x}") from None
    except (pa.ArrowException, KeyError) as error:
        raise ReleaseError(f"{path}: {str(error).splitlines()[0]}") from None
    for name, times in names.items():
        if times > 1:
            raise ReleaseError(f"{path} has {times} columns '{name}'")
    return table
