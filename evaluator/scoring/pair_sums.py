"""Sums over the rows of a target, kept as (cells × drugs) tables.

A weighted sum over rows, with a weight for each cell and each drug, is w_cellᵀ S w_drug of such a table S: all that the
bootstrap needs to know of a file of predictions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]
Predictions = NDArray[np.floating]


class TruthSum(IntEnum):
    """Tables that every file of a target shares; y is centred."""

    ROWS = 0
    Y = 1
    YY = 2


class FileSum(IntEnum):
    """Tables that each file adds; p is centred by the truth's centre, so that p - y is the error."""

    SQUARED_ERROR = 0
    ABSOLUTE_ERROR = 1
    P = 2
    PP = 3


@dataclass(frozen=True, slots=True)
class Pairs:
    """The cells and drugs that have rows (as codes of the release), and where each row stands in their table."""

    cells: NDArray[np.intp]
    drugs: NDArray[np.intp]
    position: NDArray[np.intp]  # row → cell · n_drugs + drug, counted among those present

    @classmethod
    def of(cls, *, cell: Integers, drug: Integers) -> "Pairs":
        cells, cell_position = _present(cell)
        drugs, drug_position = _present(drug)
        return cls(cells, drugs, cell_position * len(drugs) + drug_position)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.cells), len(self.drugs)

    def of_rows(self, rows: Integers) -> "Pairs":
        """The pairs of some rows (a test fold), in the same table."""
        return Pairs(self.cells, self.drugs, self.position[rows])

    def by_cell(self) -> "Pairs":
        """All drugs in one column, for what is resampled by cell alone: several times faster to fill."""
        return Pairs(self.cells, np.zeros(1, dtype=np.intp), self.position // len(self.drugs))

    def by_drug(self) -> "Pairs":
        """All cells in one row."""
        return Pairs(np.zeros(1, dtype=np.intp), self.drugs, self.position % len(self.drugs))

    def table(self, values: Floats | None = None) -> Floats:
        """The sums of one value a row (by default 1), (cells, drugs)."""
        flat = np.bincount(self.position, weights=values, minlength=len(self.cells) * len(self.drugs))
        return flat.astype(np.float64, copy=False).reshape(self.shape)

    def tables(self, columns: Sequence[Floats | None]) -> Floats:
        """The sums of several values a row, (columns, cells, drugs)."""
        return np.stack([self.table(values) for values in columns])


def _present(code: Integers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The codes that occur, ascending, and the place of each row's code among them."""
    occurs = np.bincount(code) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[code]


def truth_values(y: Floats, *, centre: float) -> list[Floats | None]:
    """What is summed of the answers, in the order of TruthSum."""
    centred = y - centre
    return [None, centred, centred * centred]


def error_values(y: Floats, prediction: Predictions) -> list[Floats | None]:
    """The squared error alone, which is all that r2, rmse, skill and their gaps need."""
    error: Floats = np.subtract(prediction, y, dtype=np.float64)
    error *= error
    return [error]


def file_values(y: Floats, prediction: Predictions, *, centre: float) -> list[Floats | None]:
    """What is summed of a file of predictions, in the order of FileSum."""
    error: Floats = np.subtract(prediction, y, dtype=np.float64)
    centred: Floats = np.subtract(prediction, centre, dtype=np.float64)
    return [error * error, np.abs(error), centred, centred * centred]
