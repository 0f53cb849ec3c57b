"""Simulate screens whose true scores are known, and count how often the intervals and ranks hold them.

The figures stand in docs/statistics.md. Run it with OMP_NUM_THREADS=1 and leave it ten minutes.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluator.scoring.bootstrap import Resample, Way, mean_of, mean_over_splits, mse, r2, replicate
from evaluator.scoring.intervals import interval
from evaluator.scoring.ranking import better_than
from evaluator.scoring.skill import skill
from evaluator.scoring.weights import fold_weights, split_weights

SIZES = ((312, 16), (411, 24), (40, 20), (100, 60), (470, 168))  # cells × drugs
SPLITS = 10
FILL = 0.9  # share of the pairs that were measured
FACTORS = 2  # of the interaction

# Standard deviations. Drugs, cells, residuals and the shifts between studies are those of CCLE, CTRPv2, GDSCv1 and
# GDSCv2 (public curves, one scale): .12 to .14, .04 to .05, .073 to .080 (half of its variance noise) and .05 to .06.
DRUG, CELL, INTERACTION, NOISE = 0.135, 0.045, 0.055, 0.055
DRUG_SHIFT, CELL_SHIFT = 0.055, 0.04
OWN_DRUG, OWN_CELL = 0.03, 0.02  # errors of a model that all its trainings share
TRAINING_DRUG, TRAINING_PAIR = 0.015, 0.03  # errors of each training
VARIANCE = DRUG**2 + CELL**2 + INTERACTION**2 + NOISE**2

Draws = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Screen:
    """A target as it was drawn; arrays are (cells, drugs), and 0 where `measured` is."""

    measured: np.ndarray
    y: np.ndarray
    interaction: np.ndarray
    unavoidable: np.ndarray  # error of every model: noise and, on another study, its shift


class Population:
    """Draws screens and models from fixed components of variance, drug effects normal or skewed (exponential)."""

    def __init__(self, rng: np.random.Generator, *, skewed: bool, shifted: bool) -> None:
        self.rng, self.skewed, self.shifted = rng, skewed, shifted

    def normal(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape, dtype=np.float32)

    def of_drugs(self, *shape: int) -> np.ndarray:
        return self.rng.standard_exponential(shape, dtype=np.float32) - 1 if self.skewed else self.normal(*shape)

    def screen(self, cells: int, drugs: int) -> Screen:
        measured = (self.rng.random((cells, drugs)) < FILL).astype(np.float32)
        interaction = INTERACTION / math.sqrt(FACTORS) * self.normal(cells, FACTORS) @ self.normal(FACTORS, drugs)
        noise = NOISE * self.normal(cells, drugs)
        y = DRUG * self.of_drugs(drugs) + CELL * self.normal(cells, 1) + interaction + noise
        y = (y - y.sum(where=measured > 0) / measured.sum()) * measured
        if self.shifted:
            noise = noise + DRUG_SHIFT * self.of_drugs(drugs) + CELL_SHIFT * self.normal(cells, 1)
        return Screen(measured, y, interaction, noise)

    def baseline(self, screen: Screen) -> np.ndarray:
        """Squared errors (cells, drugs) of mean effects: blind to the interaction."""
        cells, _ = screen.y.shape
        error = screen.unavoidable + screen.interaction + OWN_CELL * self.normal(cells, 1)
        return error * error * screen.measured

    def model(self, screen: Screen, learnt: float) -> Iterator[np.ndarray]:
        """Squared errors of each training of a model that has learnt a share of the interaction."""
        cells, drugs = screen.y.shape
        common = screen.unavoidable + (1 - learnt) * screen.interaction
        common = common + OWN_DRUG * self.of_drugs(drugs) + OWN_CELL * self.normal(cells, 1)
        for _ in range(SPLITS):
            error = common + TRAINING_DRUG * self.of_drugs(drugs) + TRAINING_PAIR * self.normal(cells, drugs)
            yield error * error * screen.measured

    # All components are independent with mean 0, so expected squared errors are sums of their variances.

    def mse_of_baseline(self) -> float:
        shift = DRUG_SHIFT**2 + CELL_SHIFT**2 if self.shifted else 0.0
        return NOISE**2 + shift + INTERACTION**2 + OWN_CELL**2

    def mse_of_model(self, learnt: float) -> float:
        spared = (1 - (1 - learnt) ** 2) * INTERACTION**2
        return self.mse_of_baseline() - spared + OWN_DRUG**2 + TRAINING_DRUG**2 + TRAINING_PAIR**2

    def true_skill(self, learnt: float) -> float:
        return 1 - self.mse_of_model(learnt) / self.mse_of_baseline()

    def true_r2(self, learnt: float) -> float:
        return 1 - self.mse_of_model(learnt) / VARIANCE


@dataclass(frozen=True)
class Weights:
    resample: Resample
    splits: np.ndarray


def some_weights(cells: int, drugs: int, *, replicates: int, prefix: str = "") -> list[Weights]:
    """A few seeds to take in turns. float32 is exact for the weights; sums lose 1e-6, far below a standard error."""
    found = []
    for seed in range(8):
        ids = {"cell_ids": [f"cell {i}" for i in range(cells)], "drug_ids": [f"{prefix}drug {i}" for i in range(drugs)]}
        drawn = Resample.of(Way.TWO_WAY, seed=seed, replicates=replicates, **ids)
        splits = split_weights(seed=seed, source="source", n_splits=SPLITS, replicates=replicates)
        found.append(Weights(Resample(drawn.cell.astype(np.float32), drawn.drug.astype(np.float32)), splits))
    return found


class Tally:
    """Counts, for one statistic, on which side the true value lay outside of the interval."""

    def __init__(self, true: float) -> None:
        self.true, self.estimates, self.low, self.high, self.by_rows = true, [], [], [], []

    def add(self, draws: np.ndarray, units: int, by_rows: float | None = None) -> None:
        found = interval(draws, units=units)
        self.estimates.append(found.estimate.value)
        self.low.append(found.low.value > self.true)
        self.high.append(found.high.value < self.true)
        if by_rows is not None:
            self.by_rows.append(abs(found.estimate.value - self.true) <= 1.96 * by_rows)

    def row(self, name: str) -> str:
        missed = np.mean(self.low) + np.mean(self.high)
        by_rows = f"{100 * np.mean(self.by_rows):.1f}" if self.by_rows else "–"
        return (
            f"| {name} | {self.true:.4f} | {np.mean(self.estimates):.4f} | {coverage(1 - missed, len(self.low))} "
            f"| {100 * np.mean(self.low):.1f} | {100 * np.mean(self.high):.1f} | {by_rows} |"
        )


COLUMNS = (
    "statistic",
    "true",
    "mean estimate",
    "coverage % (its 95% Monte-Carlo interval)",
    "interval above it %",
    "interval below it %",
    "row bootstrap %",
)


def header(columns: tuple[str, ...]) -> str:
    return f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"


def coverage(share: float, n: int) -> str:
    ci = stats.binomtest(round(share * n), n).proportion_ci(method="wilson")
    return f"{100 * share:.1f} ({100 * ci.low:.1f}–{100 * ci.high:.1f})"


EQUAL, BETTER = 0.6, 0.8  # shares of the interaction learnt: two models the first, one the second


def scores(truth: np.ndarray, baseline: np.ndarray, models: list[np.ndarray], splits: np.ndarray) -> Draws:
    """Draws of every statistic of one target; models 0 and 1 are equally good, 2 is better."""
    skills = [skill(mse(truth, model), np.broadcast_to(baseline, model.shape[:2]), splits) for model in models]
    r2s = [mean_over_splits(r2(truth, model), splits) for model in models]
    return {
        "skill": skills[0],
        "R²": r2s[0],
        "skill, equal models": skills[1] - skills[0],
        "R², equal models": r2s[1] - r2s[0],
        "skill, better − worse": skills[2] - skills[0],
        "R², better − worse": r2s[2] - r2s[0],
    }


def true_values(population: Population) -> dict[str, float]:
    skill_gain = population.true_skill(BETTER) - population.true_skill(EQUAL)
    r2_gain = population.true_r2(BETTER) - population.true_r2(EQUAL)
    true = (population.true_skill(EQUAL), population.true_r2(EQUAL), 0.0, 0.0, skill_gain, r2_gain)
    names = ("skill", "R²", "skill, equal models", "R², equal models", "skill, better − worse", "R², better − worse")
    return dict(zip(names, true, strict=True))


def truth_tables(screen: Screen) -> np.ndarray:
    return np.stack([screen.measured, screen.y, screen.y * screen.y])


def replicated(weights: Weights, files: list[np.ndarray]) -> np.ndarray:
    return replicate(weights.resample, [table[None] for table in files]).astype(np.float64)


def row_bootstrap_errors(
    screen: Screen, baseline: np.ndarray, models: list[list[np.ndarray]], rng: np.random.Generator
) -> dict[str, float]:
    """Standard errors of a bootstrap of rows.

    Sums over thousands of independently weighted rows are normal, so their replicates are drawn as such.
    """
    rows = np.flatnonzero(screen.measured)
    columns = [*truth_tables(screen), baseline, *(np.mean(trainings, axis=0) for trainings in models)]
    sums = np.stack([column.ravel()[rows] for column in columns]).astype(np.float64)  # (sums, rows)
    drawn = (
        sums.sum(axis=1)
        + rng.normal(size=(1000, len(sums))) @ np.linalg.cholesky(sums @ sums.T + 1e-12 * np.eye(len(sums))).T
    )
    truth, of_models = drawn[:, None, :3], [drawn[:, None, 4 + i : 5 + i] for i in range(len(models))]
    once = np.ones((1000, 1))
    return {
        name: float(draws.std())
        for name, draws in scores(truth, mse(truth, drawn[:, None, 3:4]), of_models, once).items()
    }


def off_diagonal(rng: np.random.Generator, cells: int, drugs: int, *, skewed: bool, n: int, replicates: int) -> None:
    """Ten trainings of each model, scored on the same rows of another study."""
    population = Population(rng, skewed=skewed, shifted=True)
    tallies = {name: Tally(true) for name, true in true_values(population).items()}
    pool, started = some_weights(cells, drugs, replicates=replicates), time.perf_counter()
    for i in range(n):
        weights, screen = pool[i % len(pool)], population.screen(cells, drugs)
        baseline = population.baseline(screen)
        models = [list(population.model(screen, learnt)) for learnt in (EQUAL, EQUAL, BETTER)]
        truth = replicate(weights.resample, [truth_tables(screen)]).astype(np.float64)
        draws = scores(
            truth, mse(truth, replicated(weights, [baseline])), [replicated(weights, m) for m in models], weights.splits
        )
        by_rows = row_bootstrap_errors(screen, baseline, models, rng)
        for name, tally in tallies.items():
            tally.add(draws[name], min(cells, drugs), by_rows[name])
    show(f"{cells} × {drugs}, {'skewed' if skewed else 'normal'} drug effects", tallies, started, n)


def diagonal(rng: np.random.Generator, cells: int, drugs: int, *, skewed: bool, n: int, replicates: int) -> None:
    """Ten disjoint test folds of one study: same weights in all, scored fold by fold, averaged."""
    population = Population(rng, skewed=skewed, shifted=False)
    tallies = {name: Tally(true) for name, true in true_values(population).items()}
    pool, started = some_weights(cells, drugs, replicates=replicates), time.perf_counter()
    folds = fold_weights(n_splits=SPLITS, replicates=replicates)
    for i in range(n):
        weights, screen = pool[i % len(pool)], population.screen(cells, drugs)
        fold = rng.integers(SPLITS, size=(cells, drugs))
        is_in = [(fold == split).astype(np.float32) for split in range(SPLITS)]
        truth = replicate(weights.resample, [truth_tables(screen) * part for part in is_in]).astype(np.float64)
        baseline = population.baseline(screen)
        models = [
            replicated(
                weights, [file * part for file, part in zip(population.model(screen, learnt), is_in, strict=True)]
            )
            for learnt in (EQUAL, EQUAL, BETTER)
        ]
        of_baseline = mse(truth, replicated(weights, [baseline * part for part in is_in]))
        draws = scores(truth, of_baseline, models, folds)
        for name, tally in tallies.items():
            tally.add(draws[name], min(cells, drugs))
    show(f"Diagonal, {cells} × {drugs}, {'skewed' if skewed else 'normal'} drug effects", tallies, started, n)


def mean_over_targets(rng: np.random.Generator, *, n: int, replicates: int) -> None:
    """The primary score: two targets of unlike size; their trainings are the same, their cells are shared."""
    population = Population(rng, skewed=False, shifted=True)
    tallies = {name: Tally(true) for name, true in true_values(population).items() if name.startswith("skill")}
    sizes, started = ((312, 16), (100, 60)), time.perf_counter()
    pools = [some_weights(*size, replicates=replicates, prefix=f"{size} ") for size in sizes]
    for i in range(n):
        of_targets: list[Draws] = []
        for size, pool in zip(sizes, pools, strict=True):
            weights, screen = pool[i % len(pool)], population.screen(*size)
            truth = replicate(weights.resample, [truth_tables(screen)]).astype(np.float64)
            baseline = mse(truth, replicated(weights, [population.baseline(screen)]))
            models = [replicated(weights, list(population.model(screen, learnt))) for learnt in (EQUAL, EQUAL, BETTER)]
            of_targets.append(scores(truth, baseline, models, weights.splits))
        for name, tally in tallies.items():
            tally.add(mean_of([draws[name] for draws in of_targets]), min(min(size) for size in sizes))
    show("Mean over two targets, 312 × 16 and 100 × 60", tallies, started, n)


def show(title: str, tallies: Mapping[str, Tally], started: float, n: int) -> None:
    print(f"\n#### {title}\n\n{header(COLUMNS)}")
    print("\n".join(tally.row(name) for name, tally in tallies.items()))
    print(f"\n{n} simulations, {1000 * (time.perf_counter() - started) / n:.0f} ms each", flush=True)


def ranks(rng: np.random.Generator, cells: int, drugs: int, *, step: float, n: int, replicates: int) -> None:
    """Ten models, each better than the last by a little, or all equally good."""
    population = Population(rng, skewed=False, shifted=True)
    pool = some_weights(cells, drugs, replicates=replicates)
    held, held_by_percentiles, all_held, called = [], [], [], []
    for i in range(n):
        weights, screen = pool[i % len(pool)], population.screen(cells, drugs)
        truth = replicate(weights.resample, [truth_tables(screen)]).astype(np.float64)
        baseline = mse(truth, replicated(weights, [population.baseline(screen)]))
        models = [replicated(weights, list(population.model(screen, 0.5 + step * m))) for m in range(10)]
        draws = np.stack(
            [skill(mse(truth, m), np.broadcast_to(baseline, m.shape[:2]), weights.splits) for m in models], axis=1
        )
        better = better_than(draws, units=min(cells, drugs))
        first, last = 1 + better.sum(axis=0), 10 - better.sum(axis=1)
        of_draws = 10 - np.argsort(np.argsort(draws[1:], axis=1), axis=1)
        held.append(first[9] == 1)
        held_by_percentiles.append(np.quantile(of_draws[:, 9], 0.025) <= 1)
        all_held.append(((first <= np.arange(10, 0, -1)) & (np.arange(10, 0, -1) <= last)).all())
        called.append(better.any())
    if step:
        print(
            f"| {cells} × {drugs} | {population.true_skill(0.59) - population.true_skill(0.5):.4f} "
            f"| {coverage(np.mean(held), n)} | {coverage(np.mean(all_held), n)} "
            f"| {coverage(np.mean(held_by_percentiles), n)} | – |",
            flush=True,
        )
    else:
        print(f"| {cells} × {drugs} | 0 | – | – | – | {coverage(np.mean(called), n)} |", flush=True)


RANK_COLUMNS = (
    "cells × drugs",
    "skill of the best less that of the worst",
    "interval of the best holds rank 1, %",
    "all ten hold their ranks, %",
    "percentiles of ranks hold the best, %",
    "any two of ten equal models called different, %",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    options = {"n": arguments.simulations, "replicates": arguments.replicates}
    streams = iter(np.random.SeedSequence(arguments.seed).spawn(100))

    def run(simulate: Callable[..., None], *size: int, **setting: bool | float) -> None:
        simulate(np.random.default_rng(next(streams)), *size, **setting, **options)

    print(f"seed {arguments.seed}, {arguments.replicates} replicates")
    for size in SIZES:
        for skewed in (False, True):
            run(off_diagonal, *size, skewed=skewed)
    for size in SIZES[:4]:
        run(diagonal, *size, skewed=False)
    run(mean_over_targets)
    print(f"\n#### Ranks of ten models\n\n{header(RANK_COLUMNS)}")
    for size in ((312, 16), (100, 60)):
        for step in (0.01, 0.0):
            run(ranks, *size, step=step)


if __name__ == "__main__":
    main()
