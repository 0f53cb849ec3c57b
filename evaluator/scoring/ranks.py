"""Average ranks within groups by one sort; ties as in scipy.stats.rankdata(method="average")."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Ordinals = NDArray[np.uint32]

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
class Payload:
    """A whole number for each row, made ready to be sorted along with values that are yet to come."""

    number: NDArray[np.uint64]
    bits: int
    key: NDArray[np.uint64] | None  # group and number; None: with a value they need more bits than a key has


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows that lie group after group, no group empty: sums and ranks within each group."""

    start: Ints
    count: Ints
    place: Floats  # position within the group less the middle of the group: the rank where nothing is tied

    @classmethod
    def of(cls, count: Ints) -> "Layout":
        start = np.cumsum(count) - count
        place = np.arange(int(count.sum()), dtype=np.float64) - np.repeat(start + (count - 1) / 2, count)
        return cls(start, count, place)

    def sums(self, values: Floats) -> Floats:
        sums: Floats = np.add.reduceat(values, self.start) if self.start.size else np.empty(0)
        return sums

    def products(self, left: Floats, right: Floats) -> Floats:
        """Sum of left × right over each group."""
        if self.start.size == 1:
            return np.array(
                [np.einsum("i,i->", left, right)]
            )  # needs no array of products, and no threads as BLAS does
        return self.sums(left * right)

    def spread(self, of_group: Floats) -> Floats:
        """A value of each group, for each of its rows."""
        return of_group if self.start.size == 1 else np.repeat(of_group, self.count)

    def is_constant(self, values: NDArray[Any]) -> Bools:
        if not self.start.size:
            return np.empty(0, dtype=np.bool_)
        same: Bools = np.maximum.reduceat(values, self.start) == np.minimum.reduceat(values, self.start)
        return same

    def ranked(self, ordinal: Ordinals) -> Ranking:
        """Rank the values that these are the ordinals of, one for each row."""
        order, is_tied = self.sorted(ordinal, self.payload(np.arange(ordinal.size, dtype=np.uint64)))
        rank, squares = self.average(is_tied)
        return Ranking(order.view(np.int64), rank, squares)

    def payload(self, number: NDArray[np.uint64]) -> Payload:
        bits = int(number.max(initial=0)).bit_length()
        if max(self.count.size - 1, 0).bit_length() + _ORDINAL_BITS + bits > _KEY_BITS:
            return Payload(number, bits, None)
        group = np.repeat(np.arange(self.count.size, dtype=np.uint64), self.count)
        return Payload(number, bits, (group << np.uint64(_ORDINAL_BITS + bits)) | number)

    def sorted(self, ordinal: Ordinals, payload: Payload) -> tuple[NDArray[np.uint64], Bools]:
        """The payload in the order of group and value, and which neighbours there are of one group and equal.

        Group, value and payload are one unsigned key: numpy sorts those several times faster than it argsorts.
        """
        if payload.key is None:
            group = np.repeat(np.arange(self.count.size), self.count)
            order = np.lexsort((ordinal, group))
            value = ordinal[order]
            return payload.number[order], (value[1:] == value[:-1]) & (group[1:] == group[:-1])
        key = ordinal.astype(np.uint64)
        key <<= np.uint64(payload.bits)
        key |= payload.key
        key.sort()
        number = key & np.uint64((1 << payload.bits) - 1)
        key >>= np.uint64(payload.bits)
        return number, key[1:] == key[:-1]

    def average(self, is_tied: Bools) -> tuple[Floats, Floats]:
        """Ranks of sorted rows, and the sum of their squares in each group."""
        n = self.count.astype(np.float64)
        squares = n * (n * n - 1) / 12
        if not is_tied.any():
            return self.place, squares
        first, length = _runs(is_tied)
        in_run = np.zeros(self.place.size, dtype=np.bool_)
        in_run[:-1] = is_tied
        in_run[1:] |= is_tied
        rank = self.place.copy()
        rank[in_run] = np.repeat(self.place[first] + (length - 1) / 2, length)
        lost = length * (length.astype(np.float64) ** 2 - 1) / 12
        group = np.searchsorted(self.start, first, side="right") - 1
        return rank, squares - np.bincount(group, weights=lost, minlength=n.size)


def ordinals(values: NDArray[Any]) -> Ordinals:
    """Unsigned integers in the order of the finite values, equal where those are equal."""
    if values.dtype != np.float32:
        in_order = np.sort(values)
        with np.errstate(over="ignore"):
            narrow, narrow_in_order = values.astype(np.float32), in_order.astype(np.float32)
        if _distinct(narrow_in_order) < _distinct(in_order):
            return np.unique(values, return_inverse=True)[1].astype(np.uint32)
        values = narrow  # nothing falls together, so that they have the order and the ties of the values
    bits = (values + np.float32(0)).view(np.int32)  # adding 0 makes -0.0 the 0.0 that it equals
    # IEEE 754 orders positive floats as their bits; negative ones run backwards below them.
    flip = bits >> 31
    flip |= np.int32(-(2**31))
    bits ^= flip
    return bits.view(np.uint32)


def _distinct(in_order: NDArray[Any]) -> int:
    return int(np.count_nonzero(in_order[1:] != in_order[:-1]))


def _runs(is_tied: Bools) -> tuple[Ints, Ints]:
    """Where each run of ties begins, and how long it is."""
    tied = np.flatnonzero(is_tied)
    begins = np.ones(tied.size, dtype=np.bool_)
    begins[1:] = np.diff(tied) > 1
    at = np.flatnonzero(begins)
    return tied[at], np.diff(at, append=tied.size) + 1
