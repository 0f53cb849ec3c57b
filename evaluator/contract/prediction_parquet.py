"""Predictions as Parquet: flat columns of numbers, bounded by what the pages declare and by what comes out of them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark_data.parquet_footer import FLOATS, WHOLE, FooterError, Parquet, taken_apart
from evaluator.contract.errors import ContractError, shown
from evaluator.contract.prediction_rows import PREDICTION, ROW_ID, STD, Rows, check_columns, check_count

BYTES_A_ROW = 64  # three columns of eight bytes, with room for dictionaries and page headers
BYTES_BESIDE = 1 << 20
BATCH_ROWS = 1 << 16


def parse_parquet(content: bytes, *, file: str, asked: int) -> Rows:
    try:
        parquet = taken_apart(content)
    except FooterError as error:
        raise ContractError(file, reason=str(error)) from None
    _check(parquet, file=file, asked=asked)
    try:
        return _rows(pq.ParquetFile(pa.BufferReader(parquet.content)), file=file, asked=asked)
    except (pa.ArrowException, OSError) as error:
        raise ContractError(file, reason=f"it cannot be read as Parquet ({shown(str(error), 120)})") from None


def _check(parquet: Parquet, *, file: str, asked: int) -> None:
    check_columns([column.name for column in parquet.columns], file=file)
    for column in parquet.columns:
        allowed = WHOLE if column.name == ROW_ID else FLOATS
        if column.holds not in allowed.values():
            reason = f"the column holds {column.holds}, and {' or '.join(allowed.values())} is wanted"
            raise ContractError(file, column=column.name, reason=reason)
    check_count(parquet.n_rows, asked=asked, file=file)
    limit_bytes = asked * BYTES_A_ROW + BYTES_BESIDE
    if parquet.expanded_bytes > limit_bytes:
        reason = f"its pages expand to {parquet.expanded_bytes:,} bytes, and its rows take at most {limit_bytes:,}"
        raise ContractError(file, reason=reason)


def _rows(parquet: pq.ParquetFile, *, file: str, asked: int) -> Rows:
    """Batch by batch, since the pages may hold more rows than they should."""
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
