"""The features of one axis (cells or drugs) as presorted columns of its entities."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Columns:
    """Every way to sort the entities of one axis by a feature.

    A feature with missing values is two columns, one with the missing first and one with them last: learning the
    side of the missing values is then choosing between two columns. A constant feature, or one that sorts and
    groups the entities as an earlier one does, can never win and is left out.
    """

    x: np.ndarray  # (all entities, features)
    entities: np.ndarray  # (entities,) the ones that have rows
    features: list[int]  # the feature behind each column
    missing_left: list[bool | None]  # the side of its missing values; None where it has none
    order: np.ndarray  # (columns + 1, entities) 2·entity + (value differs from the one before); last row spare

    @classmethod
    def sort(cls, x: np.ndarray, entities: np.ndarray) -> "Columns":
        dtype = np.uint16 if len(x) <= 2**15 else np.uint32
        columns: dict[bytes, tuple[int, bool | None]] = {}  # the first feature that sorts the entities this way
        for feature in range(x.shape[1]):
            values = x[entities, feature]
            missing = np.isnan(values)
            for side in (True, False) if missing.any() else (None,):
                filled = np.where(missing, -np.inf if side else np.inf, values)
                entries = _entries(filled, entities)
                if entries is not None:
                    columns.setdefault(entries.astype(dtype).tobytes(), (feature, side))
        order = np.zeros((len(columns) + 1, len(entities)), dtype)
        order[:-1] = np.frombuffer(b"".join(columns), dtype).reshape(-1, len(entities))
        return cls(x, entities, [f for f, _ in columns.values()], [side for _, side in columns.values()], order)

    def threshold(self, column: int, right: int) -> float:
        """Half-way between the value of entity `right` and the next smaller one of any entity, as LightGBM has it."""
        feature = self.features[column]
        upper = self.x[right, feature]
        if np.isnan(upper):
            return np.inf  # every value there is goes left
        values = self.x[self.entities, feature]
        smaller = values[values < upper]
        if not smaller.size:
            return -np.inf  # only what is missing goes left
        lower = float(smaller.max())
        middle = lower / 2 + float(upper) / 2
        return middle if middle < upper else lower


def _entries(values: np.ndarray, entities: np.ndarray) -> np.ndarray | None:
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.ones(len(values), bool)
    first[1:] = ranked[1:] != ranked[:-1]
    return 2 * entities[order] + first if first.sum() > 1 else None
