"""The one reader of predictions: whatever a stranger's file holds, it is numbers for the rows asked for or refused."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import prediction_csv, prediction_npy, prediction_parquet
from evaluator.contract.errors import ContractError
from evaluator.contract.files import open_regular, read_bounded
from evaluator.contract.prediction_rows import PREDICTION, ROW_ID, STD, Floats, Rows

CSV_BYTES_A_ROW = 128  # three numbers of 25 characters, and as much again
SUFFIXES = (".csv", ".parquet", ".npy")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Finite numbers, one for each row asked for, in the order in which they were asked for."""

    prediction: NDArray[np.float32]
    std: NDArray[np.float32] | None


def read_predictions(path: Path, *, row_id: NDArray[np.int64]) -> Predictions:
    """Read a .csv, .parquet or .npy of predictions for exactly these rows, each of which is asked for once.

    Raises ContractError for every other file, before more is read or allocated than so many rows can need.
    """
    descriptor = open_regular(path)
    try:
        return read_predictions_fd(descriptor, path.name, row_id=row_id)
    finally:
        os.close(descriptor)


def read_predictions_fd(descriptor: int, file: str, *, row_id: NDArray[np.int64]) -> Predictions:
    """The same for an open file, whose name tells its format; the descriptor stays open."""
    suffix = Path(file).suffix
    if suffix not in SUFFIXES:
        raise ContractError(file, reason=f"its name must end in one of {', '.join(SUFFIXES)}")
    asked = row_id.size
    limit = {
        ".csv": prediction_csv.LONGEST_HEADER_BYTES + asked * CSV_BYTES_A_ROW,
        ".parquet": prediction_parquet.BYTES_BESIDE + asked * prediction_parquet.BYTES_A_ROW,
        ".npy": prediction_npy.LONGEST_HEADER_BYTES + asked * 4,
    }[suffix]
    content = read_bounded(descriptor, file=file, limit_bytes=limit, because=f"predictions for {asked:,} rows")
    if suffix == ".npy":
        return Predictions(_finite(prediction_npy.parse_npy(content, file=file, asked=asked), file, PREDICTION), None)
    parse = prediction_csv.parse_csv if suffix == ".csv" else prediction_parquet.parse_parquet
    return _joined(parse(content, file=file, asked=asked), row_id, file)


def _joined(rows: Rows, row_id: NDArray[np.int64], file: str) -> Predictions:
    prediction = _finite(rows.prediction, file, PREDICTION)
    std = None if rows.std is None else _not_negative(_finite(rows.std, file, STD), file)
    if np.array_equal(rows.row_id, row_id):
        return Predictions(prediction, std)
    order = _order(rows.row_id, row_id, file)
    return Predictions(prediction[order], None if std is None else std[order])


def _order(given: NDArray[np.int64], asked: NDArray[np.int64], file: str) -> NDArray[np.int64]:
    """Where in the file each row asked for stands."""
    by_id, asked_by_id = np.argsort(given, kind="stable"), np.argsort(asked)
    sorted_given, sorted_asked = given[by_id], asked[asked_by_id]
    if np.array_equal(sorted_given, sorted_asked):
        order = np.empty_like(by_id)
        order[asked_by_id] = by_id
        return order
    unknown = np.flatnonzero(~np.isin(given, asked))
    if unknown.size:
        reason = f"row_id {given[unknown[0]]} was not asked for"
        raise ContractError(file, row=int(unknown[0]) + 1, column=ROW_ID, reason=reason)
    again = by_id[1:][sorted_given[1:] == sorted_given[:-1]]
    if again.size:
        row = int(again.min())
        raise ContractError(file, row=row + 1, column=ROW_ID, reason=f"row_id {given[row]} is there twice")
    missing = asked[~np.isin(asked, given)]
    reason = f"{missing.size:,} of the {asked.size:,} rows asked for are missing, row_id {missing[0]} first"
    raise ContractError(file, column=ROW_ID, reason=reason)


def _finite(values: Floats, file: str, column: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what overflows is refused below
        narrow = values.astype(np.float32, copy=False)
    wrong = np.flatnonzero(~np.isfinite(narrow))
    if wrong.size:
        value = values[wrong[0]]
        reason = f"{value} is not a finite number" if not np.isfinite(value) else f"{value} is too large for 32 bits"
        raise ContractError(file, row=int(wrong[0]) + 1, column=column, reason=reason)
    return narrow


def _not_negative(values: NDArray[np.float32], file: str) -> NDArray[np.float32]:
    wrong = np.flatnonzero(values < 0)
    if wrong.size:
        reason = f"{values[wrong[0]]} is negative, and a standard deviation is not"
        raise ContractError(file, row=int(wrong[0]) + 1, column=STD, reason=reason)
    return values
