"""The answers of one target, prepared once and shared by every file of predictions that is scored on them."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.ranks import Floats, Ints, Layout, Ordinals, Payload, ordinals

Codes = NDArray[np.int32]

# The product of two sums of squares outside these limits loses digits, which nobody would see.
_SMALLEST_SQUARES = 1e-140
_LARGEST_SQUARES = 1e140


class Why(StrEnum):
    """Every reason for which a metric is undefined."""

    NO_ROWS = "there are no rows"
    TOO_FEW_ROWS = "there are fewer than 2 rows"
    CONSTANT_TRUTH = "the answers are constant"
    CONSTANT_PREDICTION = "the predictions are constant"
    OUT_OF_RANGE = "the spread is too small or too large for a 64-bit number"
    ONE_CLASS = "the answers are all of one class"
    NO_POSITIVES = "no answer is positive"
    ONE_CLASS_PREDICTED = "the predictions are all of one class"


REASONS = (None, *Why)
CODE = {why: code for code, why in enumerate(REASONS)}

Reasons = NDArray[np.uint8]  # places in REASONS, one for each group


def in_range(squares: Floats) -> NDArray[np.bool_]:
    return (squares >= _SMALLEST_SQUARES) & (squares <= _LARGEST_SQUARES)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Average ranks within groups: twice the rank of each row, counted from 0, and the squares of the centred ranks."""

    doubled: Payload
    squares: Floats

    @classmethod
    def of(cls, layout: Layout, ordinal: Ordinals) -> "Ranks":
        ranking = layout.ranked(ordinal)
        doubled = 2 * ranking.by_row() + np.repeat(layout.count - 1, layout.count)
        return cls(layout.payload(doubled.astype(np.uint64)), ranking.squares)


@dataclass(frozen=True, slots=True)
class Groups:
    """Answers laid out group after group, with what every metric needs to know about them.

    `group` holds the codes of the groups that have rows, in rising order. A row may stand in several groups.
    """

    group: Ints
    row: Ints | None  # the row at each position; None: every row once, in its own order
    layout: Layout
    y: Floats
    centred: Floats
    squares: Floats  # of the centred answers, summed over each group
    ranks: Ranks | None  # None: not asked for
    why: Reasons  # why r2 and the correlations are undefined for a group, whatever is predicted

    @classmethod
    def laid_out(cls, y: Floats, count: Ints, row: Ints | None, ordinal: Ordinals | None) -> "Groups":
        """Groups of so many rows each, one after the other; `row` and `ordinal` as the fields have it."""
        group = np.flatnonzero(count)
        count = count[group]
        layout = Layout.of(count)
        laid_out = y if row is None else y[row]
        centred = laid_out - layout.spread(layout.sums(laid_out) / count)
        # The first mean is off by a rounding of the offset; the second one of what is left of it.
        centred -= layout.spread(layout.sums(centred) / count)
        squares = layout.sums(centred * centred)
        ranks = None if ordinal is None else Ranks.of(layout, ordinal if row is None else ordinal[row])
        why = np.where(in_range(squares), 0, CODE[Why.OUT_OF_RANGE]).astype(np.uint8)
        why[layout.is_constant(laid_out)] = CODE[Why.CONSTANT_TRUTH]
        why[count < 2] = CODE[Why.TOO_FEW_ROWS]
        return cls(group, row, layout, laid_out, centred, squares, ranks, why)


@dataclass(frozen=True, slots=True)
class Truth:
    """The answers of a target, with the cell and drug of each row as codes of the release."""

    y: Floats
    ordinal: Ordinals  # of y
    cell: Codes
    drug: Codes
    n_cells: int
    n_drugs: int
    rows: Groups  # all rows as one group
    by_drug: Groups

    @classmethod
    def of(cls, y: Floats, *, cell: Codes, drug: Codes, n_cells: int, n_drugs: int) -> "Truth":
        ordinal = ordinals(y)
        rows = Groups.laid_out(y, np.array([y.size]), None, ordinal)
        return cls(y, ordinal, cell, drug, n_cells, n_drugs, rows, _by_code(y, drug, None, ordinal))

    def groups(self, code: Codes, *, row: Ints | None = None, ranked: bool = True) -> Groups:
        """Other groups of the rows, by code. With `row`, code[i] is a group that row[i] belongs to."""
        return _by_code(self.y, code, row, self.ordinal if ranked else None)


def _by_code(y: Floats, code: Codes, row: Ints | None, ordinal: Ordinals | None) -> Groups:
    count = np.bincount(code)
    # numpy sorts 16-bit integers by radix, ten times faster.
    order = np.argsort(code.astype(np.uint16) if count.size <= 2**16 else code, kind="stable")
    return Groups.laid_out(y, count, order if row is None else row[order], ordinal)
