"""Sums over the rows of a target, kept as (cells × drugs) tables.

A weighted sum over rows, with a weight for each cell and each drug, is w_cellᵀ S w_drug of such a table S: all that the
bootstrap needs to know of a file of predictions.
"""

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

    def table(self, values: Floats | None = None) -> Floats:
        """The sums of one value a row (by default 1), (cells, drugs)."""
        flat = np.bincount(self.position, weights=values, minlength=len(self.cells) * len(self.drugs))
        return flat.astype(np.float64, copy=False).reshape(self.shape)


def _present(code: Integers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The codes that occur, ascending, and the place of each row's code among them."""
    occurs = np.bincount(code) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[code]


def truth_sums(pairs: Pairs, y: Floats, *, centre: float) -> Floats:
    """(3, cells, drugs), in the order of TruthSum."""
    centred = y - centre
    return np.stack([pairs.table(), pairs.table(centred), pairs.table(centred * centred)])


def error_sums(pairs: Pairs, y: Floats, prediction: Predictions) -> Floats:
    """(1, cells, drugs): the squared error alone, which r2, rmse, skill and their gaps need."""
    error = prediction - y
    return pairs.table(error * error)[None]


def file_sums(pairs: Pairs, y: Floats, prediction: Predictions, *, centre: float) -> Floats:
    """(4, cells, drugs), in the order of FileSum: what mae and pearson need besides."""
    error = prediction - y
    centred = prediction.astype(np.float64) - centre
    values = (error * error, np.abs(error), centred, centred * centred)
    return np.stack([pairs.table(value) for value in values])
