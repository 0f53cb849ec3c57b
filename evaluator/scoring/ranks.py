"""Average ranks within groups by one sort; ties as in scipy.stats.rankdata(method="average")."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_ORDINAL_BITS = 32
_KEY_BITS = 64


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows in the order of group and value, each with its average rank less the average rank of its group."""

    order: Ints
    rank: Floats  # of row order[i]
    squares: Floats  # sum of the squared ranks of each group

    def by_row(self) -> Floats:
        ranks = np.empty(self.order.size)
        ranks[self.order] = self.rank
        return ranks


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows that lie group after group, no group empty: sums and ranks within each group."""

    start: Ints
    count: Ints
    place: Floats  # position within the group less the middle of the group: the rank where nothing is tied
    row_bits: int
    base: Keys | None  # what a sort key holds beside the value; None: group, value and row need more than 64 bits

    @classmethod
    def of(cls, count: Ints) -> "Layout":
        start = np.cumsum(count) - count
        n = int(count.sum())
        place = np.arange(n, dtype=np.float64) - np.repeat(start + (count - 1) / 2, count)
        row_bits = max(n - 1, 0).bit_length()
        base = None
        if max(count.size - 1, 0).bit_length() + _ORDINAL_BITS + row_bits <= _KEY_BITS:
            group = np.repeat(np.arange(count.size, dtype=np.uint64), count)
            base = (group << np.uint64(_ORDINAL_BITS + row_bits)) | np.arange(n, dtype=np.uint64)
        return cls(start, count, place, row_bits, base)

    def sums(self, values: Floats) -> Floats:
        sums: Floats = np.add.reduceat(values, self.start) if self.start.size else np.empty(0)
        return sums

    def spread(self, of_group: Floats) -> Floats:
        """A value of each group, for each of its rows."""
        return of_group if self.start.size == 1 else np.repeat(of_group, self.count)

    def is_constant(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        if not self.start.size:
            return np.empty(0, dtype=np.bool_)
        same: NDArray[np.bool_] = np.maximum.reduceat(values, self.start) == np.minimum.reduceat(values, self.start)
        return same

    def ranked(self, ordinal: NDArray[np.uint32]) -> Ranking:
        """Rank the values that these are the ordinals of, one for each row."""
        order, is_tied = self._sorted(ordinal)
        n = self.count.astype(np.float64)
        squares = n * (n * n - 1) / 12
        if not is_tied.any():
            return Ranking(order, self.place, squares)
        first, length = _runs(is_tied)
        in_run = np.zeros(order.size, dtype=np.bool_)
        in_run[:-1] = is_tied
        in_run[1:] |= is_tied
        rank = self.place.copy()
        rank[in_run] = np.repeat(self.place[first] + (length - 1) / 2, length)
        lost = length * (length.astype(np.float64) ** 2 - 1) / 12
        group = np.searchsorted(self.start, first, side="right") - 1
        return Ranking(order, rank, squares - np.bincount(group, weights=lost, minlength=n.size))

    def _sorted(self, ordinal: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.bool_]]:
        """The order by group and value, and which of its neighbours are of one group and equal.

        Group, value and row in one unsigned key: numpy sorts those several times faster than it argsorts.
        """
        if self.base is None:
            group = np.repeat(np.arange(self.start.size), self.count)
            order = np.lexsort((ordinal, group))
            value = ordinal[order]
            return order, (value[1:] == value[:-1]) & (group[1:] == group[:-1])
        key = ordinal.astype(np.uint64)
        key <<= np.uint64(self.row_bits)
        key |= self.base
        key.sort()
        order = (key & np.uint64((1 << self.row_bits) - 1)).view(np.int64)
        key >>= np.uint64(self.row_bits)
        return order, key[1:] == key[:-1]


def ordinals(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Unsigned integers in the order of the finite values, equal where those are equal."""
    if values.dtype != np.float32:
        return np.unique(values, return_inverse=True)[1].astype(np.uint32)
    bits = (values + np.float32(0)).view(np.int32)  # adding 0 makes -0.0 the 0.0 that it equals
    # IEEE 754 orders positive floats as their bits; negative ones run backwards below them.
    flip = bits >> 31
    flip |= np.int32(-(2**31))
    bits ^= flip
    return bits.view(np.uint32)


def _runs(is_tied: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Where each run of ties begins, and how long it is."""
    tied = np.flatnonzero(is_tied)
    begins = np.ones(tied.size, dtype=np.bool_)
    begins[1:] = np.diff(tied) > 1
    at = np.flatnonzero(begins)
    return tied[at], np.diff(at, append=tied.size) + 1
