"""r2, rmse, mae, pearson and spearman on 286,665 rows of 494 drugs, over rows and within drug, beside other people's.

    python -m bench.metrics

Both sides compute the same metrics on the same arrays, one process, what is imported already imported. Ours is timed
with the answers prepared, as they are once for all files of a target, and also with that preparation. improvelib has
no mae and nothing within drug: beside it stand the four metrics over rows that it shares with us (its mse is rmse
twice), and the same functions called for each drug.
"""

import sys
from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn import metrics as sk

from bench.clock import in_pairs, say
from evaluator.scoring.metrics import ALL, Metric, row_scores
from evaluator.scoring.truth import Truth
from evaluator.scoring.within import within_drug

N_ROWS, N_CELLS, N_DRUGS = 286_665, 720, 494
TOLERANCE = 1e-6
SHARED = (Metric.R2, Metric.RMSE, Metric.PEARSON, Metric.SPEARMAN)

SCIPY = {
    Metric.R2: sk.r2_score,
    Metric.RMSE: sk.root_mean_squared_error,
    Metric.MAE: sk.mean_absolute_error,
    Metric.PEARSON: lambda y, p: stats.pearsonr(y, p).statistic,
    Metric.SPEARMAN: lambda y, p: stats.spearmanr(y, p).statistic,
}

Peer = dict[Metric, Callable[[np.ndarray, np.ndarray], float]]


def main() -> None:
    rng = np.random.default_rng(0)
    cell = rng.integers(0, N_CELLS, N_ROWS, dtype=np.int32)
    drug = rng.integers(0, N_DRUGS, N_ROWS, dtype=np.int32)
    # An AUC with four decimals, as it is published; a model of R² near .83, written with all its digits and with four.
    y = (0.8 + 0.1 * rng.standard_normal(N_DRUGS)[drug] + 0.1 * rng.standard_normal(N_ROWS)).clip(0, 1).round(4)
    prediction = (y + 0.06 * rng.standard_normal(N_ROWS)).astype(np.float32)
    codes = {"cell": cell, "drug": drug, "n_cells": N_CELLS, "n_drugs": N_DRUGS}
    for digits, p in (
        ("float32", prediction),
        ("4 decimals", prediction.astype(np.float64).round(4).astype(np.float32)),
    ):
        compare(y, p, codes, SCIPY, f"5 metrics, {digits}", "scikit-learn with scipy", 20, pairs=5)
        if (improvelib := improvelib_metrics()) is None:
            print("improvelib is not installed here: see bench/peers.txt", file=sys.stderr)
        else:
            compare(y, p, codes, improvelib, f"4 metrics, {digits}", "improvelib", 400, pairs=1)


def compare(
    y: np.ndarray, p: np.ndarray, codes: dict, peer: Peer, what: str, name: str, at_least: float, *, pairs: int
) -> None:
    truth = Truth.of(y, **codes)
    order = np.argsort(codes["drug"], kind="stable")
    cuts = np.flatnonzero(np.diff(codes["drug"][order])) + 1
    wide = p.astype(np.float64)
    parts = list(zip(np.split(y[order], cuts), np.split(wide[order], cuts), strict=True))  # not timed

    def over_rows() -> dict[Metric, float]:
        return {metric: of(y, wide) for metric, of in peer.items()}

    def within() -> dict[Metric, float]:
        return {metric: float(np.mean([of(*part) for part in parts])) for metric, of in peer.items()}

    asked = ALL.intersection(peer)
    agree({m: number.value for m, number in row_scores(truth, p, metrics=asked).items()}, over_rows())
    agree({m: found.average.value for m, found in within_drug(truth, p, metrics=asked).items()}, within())
    rows = in_pairs(lambda: row_scores(truth, p, metrics=asked), over_rows, pairs=pairs)
    both = in_pairs(lambda: score(truth, p, asked), lambda: (over_rows(), within()), pairs=pairs)
    fresh = in_pairs(lambda: score(Truth.of(y, **codes), p, asked), lambda: (over_rows(), within()), pairs=pairs)
    say(f"{what}, over rows and within drug", both, peer=name, at_least=at_least)
    say(f"{what}, over rows alone", rows, peer=name, at_least=at_least)
    say(f"{what}, over rows and within drug, answers prepared each time", fresh, peer=name, at_least=at_least)


def score(truth: Truth, p: np.ndarray, asked: frozenset[Metric]) -> None:
    row_scores(truth, p, metrics=asked)
    within_drug(truth, p, metrics=asked)


def agree(ours: dict[Metric, float], theirs: dict[Metric, float]) -> None:
    for metric, value in theirs.items():
        if not abs(ours[metric] - value) <= TOLERANCE:
            raise SystemExit(f"{metric}: ours is {ours[metric]}, theirs {value}")


def improvelib_metrics() -> Peer | None:
    try:
        from improvelib import metrics
    except ImportError:
        return None
    return {
        Metric.R2: metrics.r_square,
        Metric.RMSE: metrics.rmse,
        Metric.PEARSON: metrics.pearson,
        Metric.SPEARMAN: metrics.spearman,
    }


if __name__ == "__main__":
    main()
