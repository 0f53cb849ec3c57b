"""The answers of one target, prepared once and shared by every file of predictions that is scored on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.ranks import Floats, Ints, ranking

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Groups:
    """Answers laid out group after group, with what every metric needs to know about them.

    A group without rows is left out; `group` holds the codes of those that are here. A row may stand in several groups.
    """

    group: Codes
    row: Ints | None  # None: every row once, in its own order
    start: Ints
    count: Ints
    y: Floats
    centred: Floats
    rank: Floats  # centred, within the group
    squares: Floats
    rank_squares: Floats
    is_constant: NDArray[np.bool_]

    @classmethod
    def of(cls, y: Floats, code: Codes, *, row: Ints | None = None) -> "Groups":
        """Groups by code. With `row`, code[i] is a group that row[i] belongs to."""
        owner = np.arange(y.size) if row is None else row
        order = np.argsort(code, kind="stable")
        return cls._laid_out(y, code[order], owner[order])

    @classmethod
    def whole(cls, y: Floats) -> "Groups":
        """All rows as one group."""
        return cls._laid_out(y, np.zeros(y.size, dtype=np.int32), None)

    @classmethod
    def _laid_out(cls, y: Floats, code: Codes, row: Ints | None) -> "Groups":
        group, start, count = np.unique(code, return_index=True, return_counts=True)
        laid_out = y if row is None else y[row]
        if not start.size:
            nothing = np.empty(0)
            return cls(group, row, start, count, laid_out, nothing, nothing, nothing, nothing, np.empty(0, dtype=bool))
        centred = laid_out - np.repeat(np.add.reduceat(laid_out, start) / count, count)
        # The first mean is off by a rounding of the offset; the second one of what is left of it.
        centred -= np.repeat(np.add.reduceat(centred, start) / count, count)
        ranked = ranking(laid_out, start=start)
        return cls(
            group=group,
            row=row,
            start=start,
            count=count,
            y=laid_out,
            centred=centred,
            rank=ranked.by_row(),
            squares=np.add.reduceat(centred * centred, start),
            rank_squares=ranked.spread(start),
            is_constant=np.maximum.reduceat(laid_out, start) == np.minimum.reduceat(laid_out, start),
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """The answers of a target, with the cell and drug of each row as codes of the release."""

    y: Floats
    cell: Codes
    drug: Codes
    n_cells: int
    n_drugs: int
    rows: Groups
    by_drug: Groups

    @classmethod
    def of(cls, y: Floats, *, cell: Codes, drug: Codes, n_cells: int, n_drugs: int) -> "Truth":
        return cls(y, cell, drug, n_cells, n_drugs, Groups.whole(y), Groups.of(y, drug))
