"""Predictions as Parquet: flat columns of numbers, bounded by what footer and pages declare and by what comes out."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.contract.errors import ContractError, shown
from evaluator.contract.parquet_pages import page_sizes
from evaluator.contract.prediction_rows import PREDICTION, ROW_ID, STD, Rows, check_columns, check_count

BYTES_A_ROW = 64  # three columns of eight bytes, with room for dictionaries and page headers
BYTES_BESIDE = 1 << 20
LONGEST_FOOTER_BYTES = 1 << 18
MOST_PAGES = 20_000
BATCH_ROWS = 1 << 16
CODECS = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "LZ4", "ZSTD"})

_MAGIC = b"PAR1"
_ROW_ID_TYPES = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())
_NUMBER_TYPES = (pa.float32(), pa.float64())


def parse_parquet(content: bytes, *, file: str, asked: int) -> Rows:
    _check_frame(content, file)
    try:
        parquet = pq.ParquetFile(
            pa.BufferReader(content),
            thrift_string_size_limit=LONGEST_FOOTER_BYTES,
            thrift_container_size_limit=LONGEST_FOOTER_BYTES,
        )
        _check_schema(parquet, file)
        check_count(parquet.metadata.num_rows, asked=asked, file=file)
        _check_expansion(content, parquet.metadata, file=file, limit_bytes=asked * BYTES_A_ROW + BYTES_BESIDE)
        return _rows(parquet, file=file, asked=asked)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ContractError(file, reason=f"it cannot be read as Parquet ({shown(str(error), 120)})") from None


def _check_frame(content: bytes, file: str) -> None:
    if len(content) < 12 or content[:4] != _MAGIC or content[-4:] != _MAGIC:
        raise ContractError(file, reason="it does not begin and end as a Parquet file; it may have been cut short")
    footer_bytes = int.from_bytes(content[-8:-4], "little")
    if footer_bytes > min(LONGEST_FOOTER_BYTES, len(content) - 12):
        raise ContractError(file, reason=f"its footer has {footer_bytes:,} bytes, more than it may or can have")


def _check_schema(parquet: pq.ParquetFile, file: str) -> None:
    schema = parquet.schema_arrow
    check_columns(schema.names, file=file)
    for field in schema:
        allowed = _ROW_ID_TYPES if field.name == ROW_ID else _NUMBER_TYPES
        if field.type not in allowed:
            wanted = "whole numbers of at most 64 bits" if field.name == ROW_ID else "floats of 32 or 64 bits"
            reason = f"the column holds {shown(str(field.type))}, and {wanted} are wanted"
            raise ContractError(file, column=field.name, reason=reason)


def _check_expansion(content: bytes, metadata: pq.FileMetaData, *, file: str, limit_bytes: int) -> None:
    expanded = n_pages = 0
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            if chunk.compression not in CODECS:
                raise ContractError(
                    file, reason=f"it is compressed with {shown(chunk.compression)}; use zstd or snappy"
                )
            try:
                sizes = page_sizes(_chunk_bytes(content, chunk))
            except ValueError as error:
                raise ContractError(file, column=chunk.path_in_schema, reason=f"it holds {error}") from None
            expanded += sum(sizes)
            n_pages += len(sizes)
            if expanded > limit_bytes:
                raise ContractError(
                    file, reason=f"its pages expand to more than the {limit_bytes:,} bytes that its rows need"
                )
            if n_pages > MOST_PAGES:
                raise ContractError(file, reason=f"it has more than {MOST_PAGES:,} pages; write larger row groups")


def _chunk_bytes(content: bytes, chunk: pq.ColumnChunkMetaData) -> bytes:
    start = chunk.data_page_offset
    dictionary = chunk.dictionary_page_offset
    if dictionary is not None and 0 < dictionary < start:
        start = dictionary
    end = start + chunk.total_compressed_size
    if not len(_MAGIC) <= start <= end <= len(content):
        raise ValueError("a column chunk outside the file")
    return content[start:end]


def _rows(parquet: pq.ParquetFile, *, file: str, asked: int) -> Rows:
    """Batch by batch, since the rows of the pages may be more than those of the footer."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in parquet.schema_arrow.names}
    n = 0
    for batch in parquet.iter_batches(BATCH_ROWS, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if column.null_count:
                first = n + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))) + 1
                raise ContractError(file, row=first, column=name, reason="the cell is empty")
            parts[name].append(column.to_numpy())
        n += batch.num_rows
        check_count(n, asked=asked, file=file)
    columns = {name: np.concatenate(part) if part else np.empty(0) for name, part in parts.items()}
    return Rows(columns[ROW_ID].astype(np.int64, copy=False), columns[PREDICTION], columns.get(STD))
