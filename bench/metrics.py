"""r2, rmse, mae, pearson and spearman on 286,665 rows of 494 drugs, over rows and within drug, beside other people's.

    python -m bench.metrics

Both sides compute the same metrics on the same arrays, in one process and in turn. Ours is timed with the answers
prepared, as they are once for all files of a target; what that preparation costs is printed as well. improvelib has no
mae and nothing within drug: beside it stand the four metrics that it shares with us (its mse is rmse twice), and the
same functions called for each drug. Its spearman takes half a minute a turn.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn import metrics as sk

from bench.clock import Paired, say, seconds
from evaluator.scoring.metrics import ALL, Metric, row_scores
from evaluator.scoring.truth import Truth
from evaluator.scoring.within import within_drug

N_ROWS, N_CELLS, N_DRUGS = 286_665, 720, 494
TOLERANCE = 1e-6
SCIPY = {
    Metric.R2: sk.r2_score,
    Metric.RMSE: sk.root_mean_squared_error,
    Metric.MAE: sk.mean_absolute_error,
    Metric.PEARSON: lambda y, p: stats.pearsonr(y, p).statistic,
    Metric.SPEARMAN: lambda y, p: stats.spearmanr(y, p).statistic,
}

Peer = dict[Metric, Callable[[np.ndarray, np.ndarray], float]]


@dataclass(frozen=True, slots=True)
class Sample:
    y: np.ndarray
    prediction: np.ndarray
    codes: dict[str, Any]

    def truth(self) -> Truth:
        return Truth.of(self.y, **self.codes)


def main() -> None:
    improvelib = improvelib_metrics()
    if improvelib is None:
        print("improvelib is not installed here: see bench/peers.txt", file=sys.stderr)
    rng = np.random.default_rng(0)
    drug = rng.integers(0, N_DRUGS, N_ROWS, dtype=np.int32)
    codes = {
        "cell": rng.integers(0, N_CELLS, N_ROWS, dtype=np.int32),
        "drug": drug,
        "n_cells": N_CELLS,
        "n_drugs": N_DRUGS,
    }
    # An AUC with four decimals, as it is published; a model of R² near .8, written with all its digits and with four.
    y = (0.8 + 0.1 * rng.standard_normal(N_DRUGS)[drug] + 0.1 * rng.standard_normal(N_ROWS)).clip(0, 1).round(4)
    digits = (y + 0.06 * rng.standard_normal(N_ROWS)).astype(np.float32)
    for prediction, what in (
        (digits, "all digits"),
        (digits.astype(np.float64).round(4).astype(np.float32), "4 decimals"),
    ):
        sample = Sample(y, prediction, codes)
        compare(sample, SCIPY, f"5 metrics, {what}", "scikit-learn with scipy", at_least=20, turns=5)
        if improvelib is not None:
            compare(sample, improvelib, f"4 metrics, {what}", "improvelib", at_least=400, turns=1)


def compare(sample: Sample, peer: Peer, what: str, name: str, *, at_least: float, turns: int) -> None:
    asked = ALL.intersection(peer)
    truth, prediction = sample.truth(), sample.prediction
    wide = prediction.astype(np.float64)
    drug = sample.codes["drug"]
    order = np.argsort(drug, kind="stable")
    cuts = np.flatnonzero(np.diff(drug[order])) + 1
    parts = list(zip(np.split(sample.y[order], cuts), np.split(wide[order], cuts), strict=True))  # not timed
    ours = {
        "over rows": lambda: {m: number.value for m, number in row_scores(truth, prediction, metrics=asked).items()},
        "within drug": lambda: {m: of.average.value for m, of in within_drug(truth, prediction, metrics=asked).items()},
    }
    theirs = {
        "over rows": lambda: {metric: of(sample.y, wide) for metric, of in peer.items()},
        "within drug": lambda: {metric: np.mean([of(*part) for part in parts]) for metric, of in peer.items()},
    }
    mine, other = {}, {}
    for view, our in ours.items():
        agree(our(), theirs[view]())
        times = [(min(seconds(our) for _ in range(3)), seconds(theirs[view])) for _ in range(turns)]
        mine[view], other[view] = np.median(times, axis=0)
    total = Paired(sum(mine.values()), sum(other.values()), sum(other.values()) / sum(mine.values()))
    say(f"{what}, over rows and within drug", total, peer=name, at_least=at_least)
    for view in ours:
        print(
            f"    {view}: {mine[view] * 1e3:.1f} ms, {other[view] * 1e3:,.0f} ms, {other[view] / mine[view]:.1f} times"
        )
    print(f"    preparing the answers of the target, once: {min(seconds(sample.truth) for _ in range(3)) * 1e3:.1f} ms")


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
