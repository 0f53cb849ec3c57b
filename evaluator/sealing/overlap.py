"""How much of a hidden study is public already: pairs, cells, drugs, and answers that a public study has too.

A hidden study may share cells and drugs with public ones; it must not share their measurements, or its answers can be
looked up. Two screens of one drug agree to a Spearman of .3 to .7 over cells; copies agree to nearly 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmark_data.release import Study
from benchmark_data.sealed_ask import Asked

LEAST_CELLS = 8
NEAR_IDENTICAL = 0.98  # with 8 cells, one swap of neighbours is below
LEAST_DRUGS = 5
_EQUAL = 5e-4  # of the range: what rounding to three decimals leaves
_LEAST_EQUAL = 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a hidden study shares with a public one; shares are of the hidden study's rows."""

    study: str
    cells: int
    drugs: int
    pairs: int
    pair_share: float  # rows whose pair the public study has measured
    copied_drugs: int  # whose answers are near-identical over the shared cells
    compared_drugs: int
    copied_share: float  # rows of these drugs in shared pairs
    drug_means: float | None  # Pearson of the drugs' means in both; None below 5 shared drugs


def overlap(asked: Asked, response: Floats, study: Study, *, at_bounds: Sequence[float]) -> Overlap:
    """`at_bounds` are values that answers are cut off at: two screens may well share these."""
    n_drugs = len(asked.drugs)
    ours, our_row = np.unique(_pairs(asked.cell, asked.drug, n_drugs), return_inverse=True)
    theirs, their_row = np.unique(_pairs(study.cell, study.drug, n_drugs), return_inverse=True)
    shared, at, their_at = np.intersect1d(ours, theirs, return_indices=True)
    rows = np.bincount(our_row)  # of each pair
    mine = (np.bincount(our_row, weights=response) / rows)[at]
    other = (np.bincount(their_row, weights=study.response) / np.bincount(their_row))[their_at]
    span = float(np.ptp(response)) or 1.0
    inside = np.ones(len(mine), np.bool_)
    for bound in at_bounds:
        inside &= ~np.isclose(mine, bound)
    copied, compared, n_copied_rows = 0, 0, 0
    for drug in np.unique(shared % n_drugs):
        of_drug = shared % n_drugs == drug
        verdict = _is_copied(mine[of_drug], other[of_drug], inside[of_drug], tolerance=_EQUAL * span)
        compared += verdict is not None
        if verdict:
            copied += 1
            n_copied_rows += int(rows[at][of_drug].sum())
    return Overlap(
        study=study.name,
        cells=len(np.intersect1d(asked.cell, study.cell)),
        drugs=len(np.intersect1d(asked.drug, study.drug)),
        pairs=len(shared),
        pair_share=float(rows[at].sum() / len(response)),
        copied_drugs=copied,
        compared_drugs=compared,
        copied_share=n_copied_rows / len(response),
        drug_means=_drug_means(asked, response, study),
    )


def headline(overlaps: Sequence[Overlap]) -> str:
    """The one sentence that a curator must not miss."""
    worst = max(overlaps, key=lambda one: one.copied_share, default=None)
    if worst is None or not worst.copied_drugs:
        compared = sum(one.compared_drugs for one in overlaps)
        return (
            f"No answers of a public study were found in it, of {compared:,} drugs that could be compared."
            if compared
            else "No drug could be compared with a public study: none shares enough cells with it."
        )
    return (
        f"This study is {worst.copied_share:.0%} {worst.study}: the answers of {worst.copied_drugs:,} of "
        f"{worst.compared_drugs:,} comparable drugs are near-identical there, and can be looked up."
    )


def _pairs(cell: NDArray[np.int32], drug: NDArray[np.int32], n_drugs: int) -> Ints:
    return cell.astype(np.int64) * n_drugs + drug


def _is_copied(mine: Floats, other: Floats, inside: NDArray[np.bool_], *, tolerance: float) -> bool | None:
    """Whether a drug's answers in both studies are the same; None where there are too few to say."""
    equal = int((np.abs(mine - other)[inside] <= tolerance).sum())
    if equal >= _LEAST_EQUAL and 2 * equal >= int(inside.sum()):
        return True
    if len(mine) < LEAST_CELLS or np.ptp(mine) == 0 or np.ptp(other) == 0:
        return None
    return bool(abs(_correlation(rankdata(mine), rankdata(other))) >= NEAR_IDENTICAL)


def _drug_means(asked: Asked, response: Floats, study: Study) -> float | None:
    n = len(asked.drugs)
    ours, theirs = np.bincount(asked.drug, minlength=n), np.bincount(study.drug, minlength=n)
    both = (ours > 0) & (theirs > 0)
    if int(both.sum()) < LEAST_DRUGS:
        return None
    mine = np.bincount(asked.drug, weights=response, minlength=n)[both] / ours[both]
    other = np.bincount(study.drug, weights=study.response, minlength=n)[both] / theirs[both]
    return None if np.ptp(mine) == 0 or np.ptp(other) == 0 else _correlation(mine, other)


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1])
