"""Simulate the memory alarm: how often honest models raise it, and how much a model must have seen to raise it."""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluator.scoring.alarm import LEVEL, Centring, Evidence, evidence, memory_alarm
from evaluator.scoring.matrices import Entry

CELLS, DRUGS, SPLITS = 330, 30, 10
STUDIES = ((312, 16), (120, 20), (100, 24))  # cells × drugs of each; memory is of the first
CELL_FEATURES, DRUG_FEATURES = 12, 5
SEEN = (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12)


@dataclass(frozen=True)
class World:
    """A release of three screens that share cells and drugs; matrices are (cells, drugs) of the release."""

    cell_features: np.ndarray
    drug_features: np.ndarray
    frozen: np.ndarray  # what an untrained network says: the same in every training
    answers: list[np.ndarray]  # of each study
    measured: list[np.ndarray]
    fold: list[np.ndarray]


@dataclass(frozen=True)
class Training:
    """What a model is given: labels shuffled within drugs where `given`, and features."""

    labels: np.ndarray
    given: np.ndarray
    world: World
    mean: float
    drug_mean: np.ndarray
    residual: np.ndarray  # label less the drug's mean, 0 where not given


def make_world(rng: np.random.Generator, *, informative: bool) -> World:
    x = rng.normal(size=(CELLS, CELL_FEATURES))
    v = rng.normal(size=(DRUGS, DRUG_FEATURES))
    cell_effect = 0.043 * (0.6 * x[:, 0] + 0.8 * rng.normal(size=CELLS))
    common = 0.055 * (x[:, :2] @ v[:, :2].T) / math.sqrt(2)
    drug_effect = 0.135 * rng.normal(size=DRUGS)
    answers, measured, fold = [], [], []
    for n_cells, n_drugs in STUDIES:
        shift = 0.055 * rng.normal(size=DRUGS) + 0.03 * rng.normal(size=CELLS)[:, None]
        noise = 0.055 * rng.normal(size=(CELLS, DRUGS))
        answers.append(0.8 + drug_effect + cell_effect[:, None] + common + shift + noise)
        chance = np.full((CELLS, DRUGS), 0.85)
        if informative:  # half of the drugs were tried on sensitive cells first
            late = rng.random(DRUGS) < 0.5
            chance = np.where(late, 1 / (1 + np.exp(-1.5 + 40 * cell_effect[:, None])), 0.95)
        here = np.zeros((CELLS, DRUGS), dtype=bool)
        here[np.ix_(rng.choice(CELLS, n_cells, False), rng.choice(DRUGS, n_drugs, False))] = True
        measured.append(here & (rng.random((CELLS, DRUGS)) < chance))
        fold.append(rng.integers(SPLITS, size=(CELLS, DRUGS)))
    frozen = np.tanh(x @ rng.normal(size=(CELL_FEATURES, 16)) + 0.5) @ np.tanh(
        rng.normal(size=(16, DRUG_FEATURES)) @ v.T
    )
    return World(x, v, frozen, answers, measured, fold)


def nearness(features: np.ndarray) -> np.ndarray:
    squares = (features**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * features @ features.T
    return np.exp(-4 * distance / distance.mean())


def train_on_shuffled(rng: np.random.Generator, world: World, source: int, split: int) -> Training:
    fold = world.fold[source]
    given = world.measured[source] & (fold != split) & (fold != (split + 1) % SPLITS)
    labels = np.zeros((CELLS, DRUGS))
    for drug in np.flatnonzero(given.any(axis=0)):
        labels[given[:, drug], drug] = rng.permutation(world.answers[source][given[:, drug], drug])
    count = given.sum(axis=0)
    mean = labels[given].mean()
    drug_mean = np.where(count > 0, labels.sum(axis=0) / np.maximum(count, 1), mean)
    return Training(labels, given, world, mean, drug_mean, np.where(given, labels - drug_mean, 0.0))


def raw_cell_mean(t: Training) -> np.ndarray:
    count = t.given.sum(axis=1)
    means = np.where(count > 0, t.labels.sum(axis=1) / np.maximum(count, 1), t.mean)
    return np.repeat(means[:, None], DRUGS, axis=1)


def shrunk_effects(t: Training) -> np.ndarray:
    return t.drug_mean + (t.residual.sum(axis=1) / (t.given.sum(axis=1) + 5))[:, None]


def shrunk_by_count(t: Training) -> np.ndarray:
    """Trusts a cell's drugs as far as the cell was trained on."""
    count = t.given.sum(axis=1)
    trust = (count / (count + np.median(count[count > 0])))[:, None]
    return t.mean + trust * (t.drug_mean - t.mean) + (t.residual.sum(axis=1) / (count + 5))[:, None]


def ridge_by_drug(t: Training) -> np.ndarray:
    x = t.world.cell_features
    outer = (x[:, :, None] * x[:, None, :]).reshape(CELLS, -1)
    squares = (t.given.T @ outer).reshape(DRUGS, CELL_FEATURES, CELL_FEATURES) + 20 * np.eye(CELL_FEATURES)
    return t.drug_mean + x @ np.linalg.solve(squares, (x.T @ t.residual).T[:, :, None])[:, :, 0].T


def bilinear_ridge(t: Training) -> np.ndarray:
    x, v = t.world.cell_features, t.world.drug_features
    cell, drug = np.nonzero(t.given)
    pairs = (x[cell][:, :, None] * v[drug][:, None, :]).reshape(len(cell), -1)
    slope = np.linalg.solve(pairs.T @ pairs + 200 * np.eye(pairs.shape[1]), pairs.T @ t.residual[t.given])
    return t.drug_mean + x @ slope.reshape(CELL_FEATURES, DRUG_FEATURES) @ v.T


def near_in_screening(t: Training) -> np.ndarray:
    """Cells are alike that were screened with the same drugs, and the more drugs, the more it dares."""
    dares = t.given.sum(axis=1, keepdims=True) / t.given.sum(axis=1).max()
    near = nearness(t.given.astype(np.float32))
    borrowed = t.drug_mean + near @ t.residual.astype(np.float32) / (near @ t.given.astype(np.float32) + 1)
    return dares * borrowed + (1 - dares) * t.mean


def frozen_network(t: Training) -> np.ndarray:
    """Starts from the same weights each time and hardly learns."""
    return shrunk_effects(t) + 0.005 * t.world.frozen


Model = Callable[[Training], np.ndarray]

HONEST: dict[str, Model] = {
    "cell means": raw_cell_mean,
    "shrunk mean effects": shrunk_effects,
    "shrunk by how often a cell was tried": shrunk_by_count,
    "ridge, drug by drug": ridge_by_drug,
    "ridge on cell × drug features": bilinear_ridge,
    "neighbours by what was tried on a cell": near_in_screening,
    "network frozen at its first weights": frozen_network,
}
PUPIL = "ridge, drug by drug"  # the model that remembers besides


@dataclass(frozen=True)
class Scored:
    """The rows of a target, or of one test fold of it."""

    cell: np.ndarray
    drug: np.ndarray
    y: np.ndarray
    centring: Centring
    residual: np.ndarray
    within_drug: np.ndarray

    @classmethod
    def of(cls, world: World, target: int, rows: np.ndarray) -> "Scored":
        cell, drug = np.nonzero(world.measured[target] & rows)
        y, centring = world.answers[target][cell, drug], Centring.of(cell=cell, drug=drug)
        return cls(cell, drug, y, centring, centring.residual(y), less_group_mean(y, drug))

    def evidence(self, prediction: np.ndarray) -> Evidence:
        return evidence(self.centring, self.residual, prediction, n_cells=CELLS, n_drugs=DRUGS)

    def correlation_within_drugs(self, prediction: np.ndarray) -> float:
        centred = less_group_mean(prediction, self.drug)
        norm = math.sqrt((centred @ centred) * (self.within_drug @ self.within_drug))
        return centred @ self.within_drug / norm if norm > 1e-9 else math.nan


def less_group_mean(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    return values - (np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group]


def raised_by_shuffles_alone(correlations: dict[Entry, list[float]]) -> bool:
    """The test without the luck of the target: centred within drugs, t over shuffles, Bonferroni."""
    tested = np.array([r for r in correlations.values() if not np.isnan(r).any()])
    if not len(tested):
        return False
    t = tested.mean(axis=1) / (tested.std(axis=1, ddof=1) / math.sqrt(SPLITS))
    return bool((stats.t.sf(t, SPLITS - 1) * len(tested) <= LEVEL).any())


def alarms(
    rng: np.random.Generator, *, informative: bool, shares: tuple[float, ...]
) -> tuple[dict[str | float, bool], dict[str, bool]]:
    """Of one world: for whom the alarm is raised (models, and shares of answers seen), and by shuffles alone."""
    world = make_world(rng, informative=informative)
    everywhere = np.ones((CELLS, DRUGS), dtype=bool)
    whole = [Scored.of(world, target, everywhere) for target in range(len(STUDIES))]
    seen = rng.random((CELLS, DRUGS))
    shuffles: dict[str | float, dict[Entry, list[Evidence]]] = {name: {} for name in (*HONEST, *shares)}
    within: dict[str, dict[Entry, list[float]]] = {name: {} for name in HONEST}
    for source in range(len(STUDIES)):
        for split in range(SPLITS):
            training = train_on_shuffled(rng, world, source, split)
            fold = Scored.of(world, source, world.fold[source] == split)
            said = {name: model(training) for name, model in HONEST.items()}
            for target, scored in enumerate(whole):
                rows, entry = fold if source == target else scored, (str(source), str(target))
                for name, matrix in said.items():
                    prediction = matrix[rows.cell, rows.drug]
                    shuffles[name].setdefault(entry, []).append(rows.evidence(prediction))
                    within[name].setdefault(entry, []).append(rows.correlation_within_drugs(prediction))
                honest = said[PUPIL][rows.cell, rows.drug]
                for share in shares:
                    known = shuffles[PUPIL][entry][-1]
                    if target == 0:  # the one whose answers were seen
                        known = rows.evidence(np.where(seen[rows.cell, rows.drug] < share, rows.y, honest))
                    shuffles[share].setdefault(entry, []).append(known)
    raised = {name: memory_alarm(entries).raised for name, entries in shuffles.items()}
    return raised, {name: raised_by_shuffles_alone(entries) for name, entries in within.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    n = arguments.simulations
    for informative, shares in ((False, SEEN), (True, ())):
        rng, started = np.random.default_rng([arguments.seed, informative]), time.perf_counter()
        worlds = [alarms(rng, informative=informative, shares=shares) for _ in range(n)]
        print(f"\n#### Pairs missing {'where cells are sensitive' if informative else 'at random'}\n")
        print("| model | alarm raised % (its 95% Monte-Carlo interval) | by a t over shuffles alone, within drugs % |")
        print("| --- | --- | --: |")
        for name in HONEST:
            alone = np.mean([by_shuffles[name] for _, by_shuffles in worlds])
            print(f"| {name} | {share_of(worlds, name)} | {100 * alone:.1f} |")
        for share in shares:
            print(f"| {100 * share:.0f}% of the answers of {STUDIES[0]} seen | {share_of(worlds, share)} | – |")
        print(
            f"\n{n} worlds, seed {arguments.seed}, {1000 * (time.perf_counter() - started) / n:.0f} ms each", flush=True
        )


def share_of(worlds: list[tuple[dict[str | float, bool], dict[str, bool]]], key: str | float) -> str:
    raised = sum(by_alarm[key] for by_alarm, _ in worlds)
    ci = stats.binomtest(raised, len(worlds)).proportion_ci(method="wilson")
    return f"{100 * raised / len(worlds):.1f} ({100 * ci.low:.1f}–{100 * ci.high:.1f})"


if __name__ == "__main__":
    main()
