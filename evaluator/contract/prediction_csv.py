"""Predictions as CSV: plain numbers under a header, commas between them, every line ended, nothing quoted."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from evaluator.contract.errors import ContractError, shown
from evaluator.contract.prediction_rows import PREDICTION, ROW_ID, STD, Rows, check_columns, check_count

LONGEST_HEADER_BYTES = 256
_ALLOWED_BYTES = b"0123456789+-.eE,\r\n"
_WHOLE = re.compile(rb"-?[0-9]{1,18}")
_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def parse_csv(content: bytes, *, file: str, asked: int) -> Rows:
    names, body = _header(content, file)
    check_columns(names, file=file)
    if body and not body.endswith(b"\n"):
        raise ContractError(file, reason="its last line is not ended by a line feed, so it may have been cut short")
    check_count(body.count(b"\n"), asked=asked, file=file)
    if not body:
        columns: dict[str, NDArray[np.float64]] = {name: np.empty(0) for name in names}
    else:
        columns = _parsed_fast(body, names) or parsed_with_care(body, names, file=file)
    return Rows(columns[ROW_ID].astype(np.int64, copy=False), columns[PREDICTION], columns.get(STD))


def _header(content: bytes, file: str) -> tuple[list[str], bytes]:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ContractError(file, reason="it begins with a byte order mark; write it as UTF-8 without one")
    line, end, body = content.partition(b"\n")
    if not end or len(line) > LONGEST_HEADER_BYTES:
        raise ContractError(file, reason=f"it has no header line of at most {LONGEST_HEADER_BYTES} bytes")
    try:
        return line.removesuffix(b"\r").decode("utf-8").split(","), body
    except UnicodeDecodeError:
        raise ContractError(file, reason="its header is not UTF-8") from None


def _parsed_fast(body: bytes, names: list[str]) -> dict[str, NDArray[np.float64]] | None:
    """All columns at once where nothing is odd; None where somebody has to look closer."""
    if body.translate(None, _ALLOWED_BYTES) or body.count(b"\r") != body.count(b"\r\n"):
        return None
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(body),
            # One block, so that no line can be too long for it; one thread, as the reader's child may start no others.
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=len(body), column_names=names),
            parse_options=pa.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: pa.int64() if name == ROW_ID else pa.float64() for name in names},
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return {name: table.column(name).to_numpy() for name in names}


def parsed_with_care(body: bytes, names: list[str], *, file: str) -> dict[str, NDArray[np.float64]]:
    """The same, line by line and slowly: names the first cell that is wrong."""
    columns: dict[str, list[float]] = {name: [] for name in names}
    for row, line in enumerate(body.split(b"\n")[:-1], 1):
        cells = line.removesuffix(b"\r").split(b",")
        if len(cells) != len(names):
            reason = (
                f"the line has {len(cells)} cells, and the header {len(names)}" if line.strip() else "the line is empty"
            )
            raise ContractError(file, row=row, reason=reason)
        for name, cell in zip(names, cells, strict=True):
            fault = _fault(cell, is_whole=name == ROW_ID)
            if fault:
                raise ContractError(file, row=row, column=name, reason=fault)
            columns[name].append(int(cell) if name == ROW_ID else float(cell))
    return {name: np.array(cells, dtype=np.int64 if name == ROW_ID else np.float64) for name, cells in columns.items()}


def _fault(cell: bytes, *, is_whole: bool) -> str | None:
    if (_WHOLE if is_whole else _NUMBER).fullmatch(cell):
        return None
    if not cell:
        return "the cell is empty"
    try:
        text = cell.decode("utf-8")
    except UnicodeDecodeError:
        return "the cell is not UTF-8"
    if is_whole:
        return f"{shown(text)} is not a whole number"
    return f"{shown(text)} is not a {'finite ' if _NOT_FINITE.fullmatch(cell) else ''}number"
