"""Strict readers of a bundle's parts: flat Parquet tables of ids and text, mapped matrices, lines of ids.

Whatever a file says of itself is compared with what it has to say, before anything is allocated for it.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark_data.errors import ReleaseError, shown
from benchmark_data.manifest import TableEntry
from benchmark_data.parquet_footer import FooterError, Parquet, taken_apart

LONGEST_ID = 200
LONGEST_TEXT = 10_000
MOST_COLUMNS = 64
_BYTES_A_VALUE = 32
_BYTES_BESIDE = 1 << 20
_BATCH_ROWS = 1 << 16
_BATCH_VALUES = 1 << 22
_INT64, _DOUBLE, _TEXT = 2, 5, 6  # physical types of parquet.thrift
_LARGEST_LINES_BYTES = 64 << 20
_LONGEST_HEADER_BYTES = 1 << 10
_NPY_MAGIC = b"\x93NUMPY\x01\x00"


def read_flat(
    content: bytes,
    *,
    file: str,
    rows: int,
    numbers: Collection[str] = (),
    floats: Collection[str] = (),
    texts: Sequence[str] = (),
    is_list: bool,
) -> pa.Table:
    """Numbers as int64 and float64, and text as dictionaries: no word is repeated a million times in memory.

    A list may have other columns of text beside the wanted ones, and gaps in these.
    """
    try:
        parquet = taken_apart(content)
    except FooterError as error:
        raise ReleaseError(f"{file}: {error}") from None
    wanted = {**dict.fromkeys(numbers, _INT64), **dict.fromkeys(floats, _DOUBLE), **dict.fromkeys(texts, _TEXT)}
    _check_columns(parquet, file=file, wanted=wanted, is_list=is_list)
    width = LONGEST_TEXT if is_list else _BYTES_A_VALUE
    limit = rows * len(parquet.columns) * width + _BYTES_BESIDE + len(content)
    if parquet.expanded_bytes > limit:
        raise ReleaseError(f"{file} expands to {parquet.expanded_bytes:,} bytes, more than its rows can take")
    if parquet.n_rows != rows:
        raise ReleaseError(f"{file} has {parquet.n_rows:,} rows, and study.toml says {rows:,}")
    try:
        return pa.table(_columns(parquet, file=file, rows=rows, needed=wanted))
    except (pa.ArrowException, OSError) as error:
        raise ReleaseError(f"{file} cannot be read as Parquet ({shown(str(error), 120)})") from None


def check_matrix(folder: Path, entry: TableEntry) -> tuple[str, ...]:
    """The ids of a matrix whose three files fit each other to the byte."""
    values, rows, columns = (folder / path for path in entry.paths())
    ids, names = read_ids(rows), read_ids(columns)
    with values.open("rb") as file:
        start = file.read(10)
        length = int.from_bytes(start[8:], "little")
        header = file.read(_LONGEST_HEADER_BYTES + 1)[:length]
        size = os.fstat(file.fileno()).st_size
    wanted = {
        f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({len(ids)}, {len(names)}), }}".encode(): width
        for kind, width in (("<f4", 4), ("|u1", 1))
    }
    said = header.rstrip(b" \n")
    is_whole = start[:8] == _NPY_MAGIC and len(header) == length <= _LONGEST_HEADER_BYTES
    if not (is_whole and said in wanted and ids and names):
        raise ReleaseError(f"{entry.paths()[0]}: its header is not that of {len(ids)} × {len(names)} float32 or uint8")
    if size != 10 + length + wanted[said] * len(ids) * len(names):
        raise ReleaseError(f"{entry.paths()[0]} has {size:,} bytes, more or fewer than its header says")
    if _holds_infinity(np.load(values, mmap_mode="r", allow_pickle=False)):
        raise ReleaseError(f"{entry.paths()[0]} holds an infinite value; what is not known is NaN")
    return ids


def _holds_infinity(values: np.ndarray[Any, Any]) -> bool:
    """Some rows at a time: the answer to all at once is an array of gibibytes too."""
    rows = max(1, _BATCH_VALUES // values.shape[1])
    return values.dtype.kind == "f" and any(
        np.isinf(values[at : at + rows]).any() for at in range(0, len(values), rows)
    )


def read_ids(path: Path) -> tuple[str, ...]:
    """Ids or feature names, one a line."""
    with path.open("rb") as file:
        content = file.read(_LARGEST_LINES_BYTES + 1)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ReleaseError(f"{path.name} is not UTF-8") from None
    if len(content) > _LARGEST_LINES_BYTES or (text and not text.endswith("\n")):
        raise ReleaseError(f"{path.name} is longer than ids are, or its last line has no end")
    lines = tuple(text.split("\n")[:-1])
    for line in lines:
        _check_word(line, LONGEST_ID, path.name)
    if len(set(lines)) < len(lines):
        raise ReleaseError(f"{path.name}: an id stands twice")
    return lines


def _check_columns(parquet: Parquet, *, file: str, wanted: Mapping[str, int], is_list: bool) -> None:
    names = [column.name for column in parquet.columns]
    fits = wanted.keys() <= set(names) if is_list else wanted.keys() == set(names)
    if not fits or len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
        raise ReleaseError(f"{file} has not the columns {', '.join(wanted)}{' and others once' if is_list else ''}")
    for column in parquet.columns:
        _check_word(column.name, LONGEST_ID, file)
        if column.type != wanted.get(column.name, _TEXT):
            raise ReleaseError(f"{file}: column {shown(column.name)} holds {column.holds}")


def _columns(parquet: Parquet, *, file: str, rows: int, needed: Collection[str]) -> dict[str, Any]:
    texts = [column.name for column in parquet.columns if column.type == _TEXT]
    reader = pq.ParquetFile(pa.BufferReader(parquet.content), read_dictionary=texts)
    batches = list(_batches(reader, file=file, rows=rows))
    table = pa.Table.from_batches(batches, schema=reader.schema_arrow).unify_dictionaries()
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        column.validate(full=True)  # a dictionary's indices may lead out of it
        if column.null_count and name in needed:
            raise ReleaseError(f"{file}: column {shown(name)} has {column.null_count:,} empty values")
        columns[name] = _decoded(column, name in needed, file) if name in texts else column
    return columns


def _batches(reader: pq.ParquetFile, *, file: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batch by batch, since the pages may hold more rows than they should."""
    n = 0
    for batch in reader.iter_batches(_BATCH_ROWS, use_threads=False):
        n += batch.num_rows
        if n > rows:
            raise ReleaseError(f"{file} holds more rows than it says")
        yield batch


def _decoded(column: Any, is_id: bool, file: str) -> pa.DictionaryArray:
    """A dictionary of bytes as one of text."""
    try:
        words = [word.decode() for word in column.dictionary.to_pylist()]
    except UnicodeDecodeError:
        raise ReleaseError(f"{file} holds text that is not UTF-8") from None
    for word in words:
        if is_id or word:
            _check_word(word, LONGEST_ID if is_id else LONGEST_TEXT, file)
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(words, pa.string()))


def _check_word(word: str, longest: int, file: str) -> None:
    if not word or len(word) > longest or word != word.strip() or not word.isprintable():
        raise ReleaseError(f"{file}: {shown(word)} is empty, too long, or has blanks around or control characters")
