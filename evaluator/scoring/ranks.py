"""Average ranks within groups by one sort; ties as in scipy.stats.rankdata(method="average")."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ORDINAL_BITS = 32
_KEY_BITS = 64


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows laid out by group and value, cut into runs of equal values of one group.

    `rank` is a run's average rank less the average rank of its group, so that it sums to zero over the rows of a group.
    """

    order: Ints
    run_start: Ints
    run_length: Ints
    rank: Floats

    def spread(self, start: Ints) -> Floats:
        """Sum of the squared ranks of each group; `start` holds the first row of each group."""
        first_run = np.searchsorted(self.run_start, start)
        squares: Floats = np.add.reduceat(self.run_length * self.rank**2, first_run)
        return squares

    def product(self, other: Floats, start: Ints) -> Floats:
        """Sum over each group of rank × other, where `other` belongs to the rows in their own order."""
        first_run = np.searchsorted(self.run_start, start)
        gathered = other[self.order]
        if self.run_start.size < self.order.size:
            gathered = np.add.reduceat(gathered, self.run_start)
        sums: Floats = np.add.reduceat(gathered * self.rank, first_run)
        return sums

    def by_row(self) -> Floats:
        ranks = np.empty(self.order.size)
        ranks[self.order] = np.repeat(self.rank, self.run_length)
        return ranks


def ranking(values: NDArray[Any], *, start: Ints) -> Ranking:
    """Rank finite values within groups of adjacent rows; group g begins at row start[g], and none is empty."""
    n = values.size
    count = np.diff(start, append=n)
    order, is_new = _sorted(_ordinals(values), np.repeat(np.arange(start.size), count))
    run_start = np.flatnonzero(is_new)
    run_length = np.diff(run_start, append=n)
    # Positions are whole numbers and their halves, so these ranks are exact.
    middle = run_start + (run_length - 1) / 2
    runs_of_group = np.diff(np.searchsorted(run_start, start), append=run_start.size)
    return Ranking(order, run_start, run_length, middle - np.repeat(start + (count - 1) / 2, runs_of_group))


def _ordinals(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Unsigned integers of 32 bits in the order of the values, equal where those are equal."""
    if values.dtype != np.float32:
        return np.unique(values, return_inverse=True)[1].astype(np.uint64)
    bits = (values + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 the 0.0 that it equals
    # IEEE 754 orders positive floats as their bits; negative ones run backwards below them.
    flip = (bits.view(np.int32) >> 31).view(np.uint32) | np.uint32(0x80000000)
    return (bits ^ flip).astype(np.uint64)


def _sorted(ordinal: NDArray[np.uint64], group: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The order by group and value, and where in it a new value begins.

    Group, value and row fit one unsigned key, which numpy sorts several times faster than it argsorts.
    """
    n = ordinal.size
    row_bits = max(n - 1, 0).bit_length()
    is_new = np.ones(n, dtype=np.bool_)
    if int(group[-1]).bit_length() + _ORDINAL_BITS + row_bits > _KEY_BITS:
        order = np.lexsort((ordinal, group))
        value, owner = ordinal[order], group[order]
        is_new[1:] = (value[1:] != value[:-1]) | (owner[1:] != owner[:-1])
        return order, is_new
    key = (group.astype(np.uint64) << np.uint64(_ORDINAL_BITS)) | ordinal
    key = (key << np.uint64(row_bits)) | np.arange(n, dtype=np.uint64)
    key.sort()
    order = (key & np.uint64((1 << row_bits) - 1)).astype(np.int64)
    value = key >> np.uint64(row_bits)
    is_new[1:] = value[1:] != value[:-1]
    return order, is_new
