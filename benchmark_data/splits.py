"""Partitions of a study's rows into train, val and test: made by scheme, and proved disjoint whenever one is loaded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Scheme

PART_NAMES = ("train", "val", "test")
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Positions into a study's rows, in the order that the split was published in."""

    study: str
    scheme: Scheme
    number: int
    train: Positions
    val: Positions
    test: Positions

    def parts(self) -> dict[str, Positions]:
        return {"train": self.train, "val": self.val, "test": self.test}


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a scheme keeps in one part: the word for it, and a code for each row."""

    what: str
    of_row: NDArray[np.int64]


def prove_disjoint(
    split: Split, *, cell: NDArray[np.int32], drug: NDArray[np.int32], tissue: NDArray[np.int32] | None = None
) -> None:
    """Raise unless no row, and no group that the scheme keeps together, stands in two parts.

    `cell` and `drug` are codes a row; `tissue` is a code a cell, needed by tissue-blind alone.
    """
    _refuse_repeated_rows(split, len(cell))
    grouping = groups_of_rows(split.scheme, cell=cell, drug=drug, tissue=tissue)
    if grouping is not None:
        _refuse_shared(split, grouping)


def groups_of_rows(
    scheme: Scheme, *, cell: NDArray[np.int32], drug: NDArray[np.int32], tissue: NDArray[np.int32] | None
) -> Grouping | None:
    """The group of each row that a scheme keeps in one part; None for random rows, which promise nothing but rows."""
    match scheme:
        case Scheme.RANDOM_ROWS:
            return None
        case Scheme.PAIR_GROUPED:
            return Grouping("pair", cell.astype(np.int64) * (int(drug.max(initial=0)) + 1) + drug)
        case Scheme.CELL_BLIND:
            return Grouping("cell", cell.astype(np.int64))
        case Scheme.DRUG_BLIND:
            return Grouping("drug", drug.astype(np.int64))
        case Scheme.TISSUE_BLIND:
            if tissue is None:
                raise ReleaseError("tissue-blind splits need the tissue of each cell in x/cell/info.parquet")
            return Grouping("tissue", tissue[cell].astype(np.int64))


def _refuse_repeated_rows(split: Split, n_rows: int) -> None:
    positions = np.concatenate(list(split.parts().values()))
    seen = np.zeros(n_rows, bool)
    seen[positions] = True
    if np.count_nonzero(seen) < len(positions):
        row = int(np.bincount(positions).argmax())
        raise ReleaseError(f"{_where(split)} has row {row} of the study in two places")


def _refuse_shared(split: Split, grouping: Grouping) -> None:
    seen = np.zeros(int(grouping.of_row.max(initial=-1)) + 1, bool)
    for name, positions in split.parts().items():
        members = grouping.of_row[positions]
        if seen[members].any():
            raise ReleaseError(f"{_where(split)} has a {grouping.what} of {name} in another part too")
        seen[members] = True


def _where(split: Split) -> str:
    return f"{split.scheme} split {split.number} of {split.study}"
