"""A stranger's Parquet file, taken apart and put together again with a footer of our own.

Parquet's library trusts a footer: it allocates what that asks for, and ends the process on some that make no sense. So
it is given one that holds nothing but the places of flat columns of numbers, whose pages were looked at before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmark_data.errors import shown
from benchmark_data.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Struct,
    ThriftError,
    binary,
    decode,
    encode,
    integer,
    listed,
)

MAGIC = b"PAR1"
LONGEST_FOOTER_BYTES = 1 << 18
LONGEST_PAGE_HEADER_BYTES = 1 << 10
MOST_PAGES = 20_000

# From here on, numbers as they stand in parquet.thrift.
WHOLE = {1: "int32", 2: "int64"}
FLOATS = {4: "float", 5: "double"}
_TYPES = {0: "boolean", **WHOLE, 3: "int96", **FLOATS, 6: "text", 7: "fixed bytes"}
_CODECS = (0, 1, 2, 5, 6, 7)  # none, snappy, gzip, lz4, zstd, lz4_raw
_NARROW_INTEGERS = (11, 12, 13, 15, 16, 17, 18)  # converted types; 14 is an unsigned integer of 64 bits
_INTEGER = 10  # the logical type; an unsigned integer of 64 bits is known by its converted type
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN = 0
_DATA_PAGES = {0: 5, 3: 8}  # type of page: the field with its own header


class FooterError(ValueError):
    """The file is not one that may be given to Parquet's library."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: int
    repetition: int
    holds: str  # in words


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One column of one row group."""

    codec: int
    start: int
    data_page: int
    end: int


@dataclass(frozen=True, slots=True)
class _RowGroup:
    n_rows: int
    chunks: tuple[_Chunk, ...]


@dataclass(frozen=True, slots=True)
class Parquet:
    columns: tuple[Column, ...]
    n_rows: int
    expanded_bytes: int  # of all pages, by their own headers
    content: bytes  # the same pages under a new footer


def taken_apart(content: bytes) -> Parquet:
    """The columns, rows and pages of a file; raises FooterError with what is wrong."""
    if len(content) < 12 or content[:4] != MAGIC or content[-4:] != MAGIC:
        raise FooterError("it does not begin and end as a Parquet file; it may have been cut short")
    length = int.from_bytes(content[-8:-4], "little")
    if length > min(LONGEST_FOOTER_BYTES, len(content) - 12):
        raise FooterError(f"its footer has {length:,} bytes, more than it may or can have")
    try:
        footer, _ = decode(content[-8 - length : -8])
        columns = tuple(_column(element) for element in _expect(footer, 2, list)[1:])
        groups = [_row_group(group, len(columns), len(content)) for group in _expect(footer, 4, list) if _n_rows(group)]
        expanded = _expanded(content, groups)
    except ThriftError as error:
        raise FooterError(f"it cannot be read as Parquet: {error}") from None
    n_rows = sum(group.n_rows for group in groups)
    rewritten = _footer(columns, groups, n_rows)
    whole = content[: -8 - length] + rewritten + len(rewritten).to_bytes(4, "little") + MAGIC
    return Parquet(columns, n_rows, expanded, whole)


def _column(element: Any) -> Column:
    name = _expect(element, 4, bytes).decode("utf-8", errors="replace")
    if 1 not in element or element.get(3) not in (_REQUIRED, _OPTIONAL):
        raise FooterError(f"column {shown(name)} is nested; the columns hold plain numbers")
    kind = _expect(element, 1, int)
    holds = _TYPES.get(kind, "an unknown type")
    # Dates, times, decimals and unsigned 64-bit integers are stored as integers too, and are none.
    logical = element.get(10, {_INTEGER: None})
    if element.get(6, _NARROW_INTEGERS[0]) not in _NARROW_INTEGERS or set(_dict(logical)) != {_INTEGER}:
        holds = f"{holds} of a logical type"
    return Column(name, kind, element[3], holds)


def _n_rows(group: Any) -> int:
    n_rows: int = _expect(group, 3, int)
    if n_rows < 0:
        raise FooterError("a row group has fewer than no rows")
    return n_rows


def _row_group(group: Any, n_columns: int, size_bytes: int) -> _RowGroup:
    columns = _expect(group, 1, list)
    if len(columns) != n_columns:
        raise FooterError("a row group does not hold the columns of the schema")
    return _RowGroup(_n_rows(group), tuple(_chunk(column, size_bytes) for column in columns))


def _chunk(column: Any, size_bytes: int) -> _Chunk:
    metadata = _expect(column, 3, dict)
    if 1 in column or 8 in column:
        raise FooterError("a column lies in another file or is encrypted")
    codec = _expect(metadata, 4, int)
    if codec not in _CODECS:
        raise FooterError("it is compressed in a way that is not read here; use zstd or snappy")
    data_page = start = _expect(metadata, 9, int)
    if 11 in metadata and 0 < _expect(metadata, 11, int) < data_page:
        start = metadata[11]
    end = start + _expect(metadata, 7, int)
    if not len(MAGIC) <= start <= data_page <= end <= size_bytes:
        raise FooterError("a column lies outside the file")
    return _Chunk(codec, start, data_page, end)


def _expanded(content: bytes, groups: list[_RowGroup]) -> int:
    expanded = n_pages = 0
    for group in groups:
        for chunk in group.chunks:
            for size in _page_sizes(content, chunk, group.n_rows):
                expanded += size
                n_pages += 1
                if n_pages > MOST_PAGES:
                    raise FooterError(f"it has more than {MOST_PAGES:,} pages; write larger row groups")
    return expanded


def _page_sizes(content: bytes, chunk: _Chunk, n_rows: int) -> Iterator[int]:
    """The expanded size of each page of a column, from one page header to the next; their values must be the rows."""
    at, n_values = chunk.start, 0
    while at < chunk.end:
        header, length = decode(content[at : at + LONGEST_PAGE_HEADER_BYTES])
        expanded, compressed = _expect(header, 2, int), _expect(header, 3, int)
        at += length + compressed
        if expanded < 0 or compressed < 0 or at > chunk.end:
            raise FooterError("a page is larger than its column")
        if header.get(1) in _DATA_PAGES:
            n_values += _expect(header.get(_DATA_PAGES[header[1]]), 1, int)
        yield expanded
    if n_values != n_rows:
        raise FooterError(f"a column holds {n_values:,} values where its footer says {n_rows:,}")


def _dict(of: Any) -> Struct:
    return of if isinstance(of, dict) else {}


def _expect(of: Any, field: int, kind: type) -> Any:
    value = _dict(of).get(field)
    if not isinstance(value, kind):
        raise ThriftError(f"field {field} is missing")
    return value


def _footer(columns: tuple[Column, ...], groups: list[_RowGroup], n_rows: int) -> bytes:
    root = encode((4, BINARY, binary(b"schema")), (5, I32, integer(len(columns))))
    leaves = [
        encode((1, I32, integer(column.type)), (3, I32, integer(column.repetition)), (4, BINARY, _name(column)))
        for column in columns
    ]
    return encode(
        (1, I32, integer(2)),
        (2, LIST, listed(STRUCT, [root, *leaves])),
        (3, I64, integer(n_rows)),
        (4, LIST, listed(STRUCT, [_encoded(group, columns) for group in groups])),
    )


def _encoded(group: _RowGroup, columns: tuple[Column, ...]) -> bytes:
    chunks = []
    for chunk, column in zip(group.chunks, columns, strict=True):
        size = integer(chunk.end - chunk.start)
        dictionary = [(11, I64, integer(chunk.start))] if chunk.start < chunk.data_page else []
        metadata = encode(
            (1, I32, integer(column.type)),
            (2, LIST, listed(I32, [integer(_PLAIN)])),
            (3, LIST, listed(BINARY, [_name(column)])),
            (4, I32, integer(chunk.codec)),
            (5, I64, integer(group.n_rows)),
            (6, I64, size),
            (7, I64, size),
            (9, I64, integer(chunk.data_page)),
            *dictionary,
        )
        chunks.append(encode((2, I64, integer(0)), (3, STRUCT, metadata)))
    size = integer(sum(chunk.end - chunk.start for chunk in group.chunks))
    return encode((1, LIST, listed(STRUCT, chunks)), (2, I64, size), (3, I64, integer(group.n_rows)))


def _name(column: Column) -> bytes:
    return binary(column.name.encode())
