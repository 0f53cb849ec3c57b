"""What the best possible model could score on a target, from the pairs that were measured more than once."""

from dataclasses import dataclass

import numpy as np

from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Floats, Integers


@dataclass(frozen=True, slots=True)
class Ceiling:
    """R² of a model that knows everything but the noise, on the drugs that have a repeated pair."""

    r2: Number
    noise_variance: Number
    drugs: int
    repeated_pairs: int
    rows: int


def ceiling(y: Floats, *, cell: Integers, drug: Integers) -> Ceiling:
    """1 − σ²/Var(y), with σ² = SSwithin/(rows − pairs), all on the repeated drugs alone.

    Var(y) is the mean square about the mean, as R² has it. Not estimable without repeated pairs, and where the answers
    are constant. Replicates that share an error (the same plate, the same fit) make it too high.
    """
    pair = cell.astype(np.int64) * (int(drug.max(initial=0)) + 1) + drug
    _, pair_of_row, count = np.unique(pair, return_inverse=True, return_counts=True)
    is_repeated_drug = np.bincount(drug, weights=count[pair_of_row] > 1) > 0
    kept = is_repeated_drug[drug]
    n_drugs, n_repeated = int(is_repeated_drug.sum()), int((count > 1).sum())
    if not n_repeated:
        nothing = Number.undefined("not estimable: no pair was measured twice")
        return Ceiling(nothing, nothing, 0, 0, 0)
    answers = y[kept] - y[kept].mean()
    _, pair_of_row, count = np.unique(pair[kept], return_inverse=True, return_counts=True)
    means = np.bincount(pair_of_row, weights=answers) / count
    noise = float(((answers - means[pair_of_row]) ** 2).sum() / (len(answers) - len(count)))
    variance = float((answers**2).mean())
    constant = bool((y[kept] == y[kept][0]).all())
    r2 = Number.undefined("not estimable: the answers are constant") if constant else Number(1 - noise / variance)
    return Ceiling(r2, Number(noise), n_drugs, n_repeated, len(answers))
