"""Growing one tree leaf by leaf: always the leaf that gains most, cut at the best place of all its features."""

from dataclasses import dataclass

import numpy as np

from . import kernels
from .columns import Columns
from .settings import Settings
from .tree import NODE, Pairs, Tree

WORTH_COPYING = 0.8  # entities left of a column's, below which a shorter copy saves more than it costs


@dataclass(frozen=True, slots=True)
class Sums:
    """Gradient sum and row count of a node, by cell and by drug: all that the search for a cut needs."""

    total: float
    gradient: tuple[np.ndarray, np.ndarray]
    rows: tuple[np.ndarray, np.ndarray]

    def __sub__(self, other: "Sums") -> "Sums":
        gradient = (self.gradient[0] - other.gradient[0], self.gradient[1] - other.gradient[1])
        rows = (self.rows[0] - other.rows[0], self.rows[1] - other.rows[1])
        return Sums(self.total - other.total, gradient, rows)


@dataclass(slots=True)
class Leaf:
    rows: np.ndarray  # a stretch of the grower's rows
    sums: Sums
    orders: list[np.ndarray]  # Columns.order of both axes; entities without rows in this leaf may be gone
    depth: int = 0
    parent: tuple[int, str] | None = None  # the node above, and its field that names this leaf
    gain: float = 0.0
    axis: int = 0
    column: int = -1  # none is worth a cut


class Grower:
    """Grows trees on one training set and takes their values off its residuals."""

    def __init__(self, pairs: Pairs, residual: np.ndarray, settings: Settings) -> None:
        self.pairs = pairs
        self.residual = residual
        self.settings = settings
        self.columns = [Columns.sort(x, np.unique(code)) for x, code in zip(pairs.x, pairs.code, strict=True)]
        self.rows = np.empty(len(pairs), np.int32)
        self.spare = np.empty_like(self.rows)

    def grow(self) -> Tree | None:
        """The next tree; None where no cut gains anything."""
        most = self.settings.num_leaves
        nodes = np.zeros(most - 1, NODE)
        self.rows[:] = np.arange(len(self.rows))
        leaves = [Leaf(self.rows, self._sum(self.rows), [columns.order for columns in self.columns])]
        self._find_cut(leaves[0])
        while len(leaves) < most:
            chosen = max(range(len(leaves)), key=lambda number: leaves[number].gain)
            if leaves[chosen].column < 0:
                break
            children = self._split(leaves[chosen], nodes, len(leaves) - 1)
            nodes[len(leaves) - 1]["left"], nodes[len(leaves) - 1]["right"] = ~chosen, ~len(leaves)
            leaves[chosen] = children[0]
            leaves.append(children[1])
            for child in children if len(leaves) < most else ():
                self._find_cut(child)
        return self._finish(nodes[: len(leaves) - 1], leaves) if len(leaves) > 1 else None

    def _finish(self, nodes: np.ndarray, leaves: list[Leaf]) -> Tree:
        rate, smoothing = self.settings.learning_rate, self.settings.lambda_l2
        values = np.array([rate * leaf.sums.total / (leaf.rows.size + smoothing) for leaf in leaves])
        for leaf, value in zip(leaves, values, strict=True):
            kernels.subtract(leaf.rows, self.residual, value)
        return Tree(nodes, values)

    def _sum(self, rows: np.ndarray) -> Sums:
        cells, drugs = (len(x) for x in self.pairs.x)
        gradient, counts = (np.zeros(cells), np.zeros(drugs)), (np.zeros(cells, np.int64), np.zeros(drugs, np.int64))
        total = kernels.sum_rows(rows, self.residual, *self.pairs.code, *gradient, *counts)
        return Sums(total, gradient, counts)

    def _find_cut(self, leaf: Leaf) -> None:
        if not self.settings.may_split(leaf.rows.size, leaf.depth):
            return
        leaf.gain = self.settings.min_split_gain
        for axis in (0, 1):
            leaf.orders[axis] = _without_absent(leaf.orders[axis], leaf.sums.rows[axis])
            gain, column = kernels.best_column(leaf.orders[axis], *self._node(leaf, axis))
            if gain > leaf.gain and column >= 0:
                leaf.gain, leaf.axis, leaf.column = gain, axis, column

    def _node(self, leaf: Leaf, axis: int) -> tuple:
        sums, s = leaf.sums, self.settings
        return sums.gradient[axis], sums.rows[axis], sums.total, leaf.rows.size, s.least_rows, float(s.lambda_l2)

    def _split(self, leaf: Leaf, nodes: np.ndarray, number: int) -> tuple[Leaf, Leaf]:
        axis, columns = leaf.axis, self.columns[leaf.axis]
        position = kernels.cut_position(leaf.orders[axis], leaf.column, *self._node(leaf, axis))
        entities = leaf.orders[axis][leaf.column] >> 1
        goes_left = np.zeros(len(self.pairs.x[axis]), np.uint8)
        goes_left[entities[:position]] = 1
        size = kernels.part_rows(leaf.rows, self.pairs.code[axis], goes_left, self.spare)
        rows = leaf.rows[:size], leaf.rows[size:]

        missing_left = columns.missing_left[leaf.column]
        node = nodes[number]
        node["axis"], node["feature"], node["gain"] = axis, columns.features[leaf.column], leaf.gain
        node["threshold"] = columns.threshold(leaf.column, entities[position])
        node["missing_left"] = rows[0].size >= rows[1].size if missing_left is None else missing_left
        if leaf.parent:
            nodes[leaf.parent[0]][leaf.parent[1]] = number

        smaller = int(rows[1].size < rows[0].size)
        counted = self._sum(rows[smaller])
        sums = (leaf.sums - counted, counted) if smaller else (counted, leaf.sums - counted)
        left, right = (
            Leaf(rows[side], sums[side], list(leaf.orders), leaf.depth + 1, (number, name))
            for side, name in enumerate(("left", "right"))
        )
        return left, right


def _without_absent(order: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The same columns, without the entities that have no rows here once these are many."""
    kept = rows > 0
    size = np.count_nonzero(kept)
    if size > WORTH_COPYING * order.shape[1]:
        return order
    shorter = np.empty((len(order), size), order.dtype)
    kernels.keep_entities(order, kept, shorter)
    return shorter
