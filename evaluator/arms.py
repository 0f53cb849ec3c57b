"""Arms: what is done to the training and validation rows, or the cell features, of a run before a model sees them.

Pure functions of rows and a seed. Answers of targets are never touched.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.rows import Rows

Mechanisms = tuple[frozenset[str], ...]
"""The mechanisms of action of each drug of the release, by its code."""


class ArmKind(StrEnum):
    REAL = "real"
    INTRADRUG = "intradrug"
    INTRACELL = "intracell"
    ONEHOT = "onehot"
    K_CELLS = "k-cells"
    HALF_DRUGS = "half-drugs"
    ONE_MECHANISM = "one-mechanism"


@dataclass(frozen=True, slots=True)
class Arm:
    """Written `intradrug`, `k-cells:20`, `one-mechanism:EGFR inhibitor`."""

    kind: ArmKind
    k: int | None = None
    mechanism: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Arm":
        """Raise ValueError with the list of arms for anything that is not one."""
        word, _, argument = text.partition(":")
        known = {kind.value: kind for kind in ArmKind}
        if word not in known:
            raise ValueError(f"'{text}' is no arm; the arms are: {', '.join(known)}")
        kind = known[word]
        if kind is ArmKind.K_CELLS and re.fullmatch(r"[1-9][0-9]{0,5}", argument):
            return cls(kind, k=int(argument))
        if kind is ArmKind.ONE_MECHANISM and argument:
            return cls(kind, mechanism=argument)
        if kind in (ArmKind.K_CELLS, ArmKind.ONE_MECHANISM):
            raise ValueError(f"'{text}': write k-cells:20 or one-mechanism:EGFR inhibitor")
        if argument:
            raise ValueError(f"'{text}': {word} takes no argument")
        return cls(kind)

    def __str__(self) -> str:
        argument = self.k if self.kind is ArmKind.K_CELLS else self.mechanism
        return self.kind.value if argument is None else f"{self.kind.value}:{argument}"


def seed_of(base: int, *names: str | int) -> int:
    """A seed of its own for each thing named (source, split, arm …), from the platform's base seed."""
    text = "\x1f".join([str(base), *(str(name) for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def apply_arm(
    arm: Arm, train: Rows, val: Rows, *, seed: int, mechanisms: Mechanisms | None = None
) -> tuple[Rows, Rows]:
    """The rows that the model is given. `onehot` leaves rows alone: it changes features, see `identity_features`."""
    kept: NDArray[np.signedinteger[Any]]
    match arm.kind:
        case ArmKind.REAL | ArmKind.ONEHOT:
            return train, val
        case ArmKind.INTRADRUG:
            return (
                _shuffled_within(train.drug, train, seed_of(seed, "train")),
                _shuffled_within(val.drug, val, seed_of(seed, "val")),
            )
        case ArmKind.INTRACELL:
            return (
                _shuffled_within(train.cell, train, seed_of(seed, "train")),
                _shuffled_within(val.cell, val, seed_of(seed, "val")),
            )
        case ArmKind.K_CELLS:
            assert arm.k is not None
            return _few_cells(train, seed_of(seed, "train"), arm.k), _few_cells(val, seed_of(seed, "val"), arm.k)
        case ArmKind.HALF_DRUGS:
            kept = half_of(np.union1d(train.drug, val.drug), seed)
        case ArmKind.ONE_MECHANISM:
            assert arm.mechanism is not None
            kept = _with_mechanism(arm.mechanism, mechanisms)
    return train.only(np.isin(train.drug, kept)), val.only(np.isin(val.drug, kept))


def identity_features(ids: tuple[str, ...]) -> NDArray[np.float32]:
    """What `onehot` gives in place of every cell table: one column a cell line, so that cells are names and no more."""
    return np.eye(len(ids), dtype=np.float32)


def half_of(drugs: NDArray[np.int32], seed: int) -> NDArray[np.int32]:
    """A random half of these drugs, rounded up."""
    return drugs[random_keys(len(drugs), seed).argsort(kind="stable")[: (len(drugs) + 1) // 2]]


def random_keys(n: int, seed: int) -> NDArray[np.uint64]:
    """Raw bits of a counter-based generator: the same on every machine and in every version of numpy."""
    keys: NDArray[np.uint64] = np.random.Philox(key=seed).random_raw(n)
    return keys


def _shuffled_within(group: NDArray[np.int32], rows: Rows, seed: int) -> Rows:
    """Answers moved about among the rows of a group; each group keeps its multiset of answers."""
    in_place = np.argsort(group, kind="stable")
    shuffled = np.lexsort((random_keys(len(rows), seed), group))
    response = np.empty_like(rows.response)
    response[in_place] = rows.response[shuffled]
    return rows.answered(response)


def _few_cells(rows: Rows, seed: int, k: int) -> Rows:
    """All rows of at most k cell lines a drug: cells are drawn, not rows, so that replicates stay together."""
    pair = rows.drug.astype(np.int64) * (int(rows.cell.max(initial=0)) + 1) + rows.cell
    pairs, pair_of_row = np.unique(pair, return_inverse=True)
    drug = pairs // (int(rows.cell.max(initial=0)) + 1)
    order = np.lexsort((random_keys(len(pairs), seed), drug))
    first = np.searchsorted(drug, drug)  # pairs are sorted by drug: where each drug's cells begin
    kept = np.zeros(len(pairs), bool)
    kept[order] = np.arange(len(pairs)) - first < k
    return rows.only(kept[pair_of_row])


def _with_mechanism(mechanism: str, mechanisms: Mechanisms | None) -> NDArray[np.int64]:
    if mechanisms is None or not any(mechanism in known for known in mechanisms):
        raise ValueError(f"no drug of the release has the mechanism '{mechanism}'")
    return np.flatnonzero([mechanism in known for known in mechanisms])
