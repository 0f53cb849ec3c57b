"""Makes the splits of a study under each scheme: whole groups dealt into folds, folds into train, val and test."""

import heapq

import numpy as np
from numpy.typing import NDArray

from benchmark_data.draws import permutation
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Scheme
from benchmark_data.splits import Split, groups_of_rows, prove_disjoint

FOLDS = 10


def make_splits(
    study: str,
    scheme: Scheme,
    *,
    cell: NDArray[np.int32],
    drug: NDArray[np.int32],
    tissue: NDArray[np.int32] | None = None,
    seed: int,
    count: int = FOLDS,
) -> list[Split]:
    """Splits 0 to count - 1 with IMPROVE's portions: of ten folds eight train, one val, one test, no test row twice.

    `cell` and `drug` are codes a row, `tissue` a code a cell. A study with fewer than ten groups has as many folds as
    groups; fewer folds than splits asked for, or than three parts, is an error. Positions are ascending in each part.
    """
    fold = _folds(study, scheme, cell=cell, drug=drug, tissue=tissue, seed=seed)
    folds = int(fold.max(initial=-1)) + 1
    if folds < max(3, count):
        raise ReleaseError(
            f"{study} has rows for {folds} {scheme} folds, too few for {count} splits into train, val and test: "
            "ask for fewer splits or leave the scheme out"
        )
    splits = [_split(study, scheme, number, fold, folds) for number in range(count)]
    for split in splits:
        prove_disjoint(split, cell=cell, drug=drug, tissue=tissue)
    return splits


def _split(study: str, scheme: Scheme, number: int, fold: NDArray[np.int64], folds: int) -> Split:
    # IMPROVE's generator: split k tests on the fold before fold k and validates on the one before that.
    test, val = (number - 1) % folds, (number - 2) % folds
    part = np.where(fold == test, 2, np.where(fold == val, 1, 0))
    return Split(study, scheme, number, *(np.flatnonzero(part == code) for code in range(3)))


def _folds(
    study: str,
    scheme: Scheme,
    *,
    cell: NDArray[np.int32],
    drug: NDArray[np.int32],
    tissue: NDArray[np.int32] | None,
    seed: int,
) -> NDArray[np.int64]:
    """The fold of each row, whole groups together, folds as even as the groups allow."""
    labels = ("split", seed, study, scheme)
    grouping = groups_of_rows(scheme, cell=cell, drug=drug, tissue=tissue)
    if grouping is None:
        rows = len(cell)
        dealt = np.empty(rows, np.int64)
        dealt[permutation(rows, *labels)] = np.arange(rows) * min(FOLDS, rows) // max(rows, 1)
        return dealt
    _, group = np.unique(grouping.of_row, return_inverse=True)
    return _deal(np.bincount(group), labels)[group]


def _deal(sizes: NDArray[np.int64], labels: tuple[str | int, ...]) -> NDArray[np.int64]:
    """The fold of each group: in random order, largest first, each to the fold that has the fewest rows."""
    shuffled = permutation(len(sizes), *labels)
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    heap = [(0, fold) for fold in range(min(FOLDS, len(sizes)))]
    fold_of = np.empty(len(sizes), np.int64)
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        rows, fold = heap[0]
        fold_of[group] = fold
        heapq.heapreplace(heap, (rows + size, fold))
    return fold_of
