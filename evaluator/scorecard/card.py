"""The card of one model: point scores, matrices, intervals, alarm and ceilings of everything it has predicted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmark_data.manifest import Task
from evaluator.arms import Arm
from evaluator.scorecard.breakdown import Breakdown, breakdowns
from evaluator.scorecard.design import Design, Entry
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.points import By, FileScores, score_all
from evaluator.scorecard.uncertain import Drawn, EntryKey, Read, Uncertain, uncertainty
from evaluator.scoring.ceiling import Ceiling, ceiling
from evaluator.scoring.classification import ClassMetric
from evaluator.scoring.matrices import GMatrices, g_matrices
from evaluator.scoring.metrics import Metric
from evaluator.scoring.number import Number

SEED = 20260101
REPLICATES = 1000
WITHIN = "within drug "


@dataclass(frozen=True, slots=True)
class Card:
    release: str
    release_id: str
    scheme: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    splits: tuple[int, ...]
    files: Mapping[str, Mapping[Entry, FileScores]]  # by arm
    missing: Mapping[str, int]  # files that an arm lacks
    matrices: Mapping[str, Mapping[str, GMatrices]]  # by arm and metric; also "within drug <metric>"
    uncertain: Uncertain | None
    ceilings: Mapping[str, Ceiling]  # by target
    breakdowns: Mapping[By, Mapping[EntryKey, Breakdown]]


def score_card(
    design: Design,
    read: Read,
    *,
    arms: Sequence[Arm],
    metrics: Sequence[Metric] = (Metric.R2, Metric.RMSE),
    seed: int = SEED,
    replicates: int = REPLICATES,
    exact: bool = False,
    each: Callable[[str], object] = lambda _: None,
    keep: Callable[[Drawn], object] = lambda _: None,
) -> Card:
    """`metrics` are those that get intervals; point scores are made of all. No replicates: no intervals.

    `keep` is given the draws that the intervals are made of, which ranks are made of too.
    """
    files = {str(arm): score_all(design, partial(read, arm), each=lambda _: each("scores")) for arm in arms}
    release = design.release
    regression = release.manifest.task is Task.REGRESSION
    uncertain = None
    if replicates and regression:
        weights = Weights(design, seed, replicates)
        uncertain = uncertainty(weights, read, arms=arms, metrics=metrics, each=lambda _: each("intervals"), keep=keep)
    return Card(
        release=f"{release.manifest.name} {release.manifest.version}",
        release_id=release.id,
        scheme=design.scheme,
        sources=design.sources,
        targets=design.targets,
        splits=design.splits,
        files=files,
        missing={arm: len(design.entries()) - len(found) for arm, found in files.items()},
        matrices={arm: _matrices(design, found, exact=exact) for arm, found in files.items()},
        uncertain=uncertain,
        ceilings={target: _ceiling(design, target) for target in design.targets} if regression else {},
        breakdowns=breakdowns(design, files),
    )


def _matrices(design: Design, found: Mapping[Entry, FileScores], *, exact: bool) -> dict[str, GMatrices]:
    """G of every metric over rows and within drug, on the studies that are both source and target."""
    order = tuple(study for study in design.sources if study in design.targets)
    regression = design.release.manifest.task is Task.REGRESSION
    asked: dict[str, Callable[[FileScores], Number]] = {
        str(metric): lambda one, metric=metric: one.rows[metric]  # type: ignore[misc]
        for metric in (Metric if regression else ClassMetric)
    }
    if regression:
        asked |= {
            f"{WITHIN}{metric}": lambda one, metric=metric: one.within_drug[metric].average  # type: ignore[misc]
            for metric in Metric
        }
    made: dict[str, GMatrices] = {}
    for name, number in asked.items():
        scores: dict[EntryKey, dict[int, float]] = {}
        for entry, one in found.items():
            scores.setdefault((entry.source, entry.target), {})[entry.split] = number(one).value
        metric = name.removeprefix(WITHIN)
        made[name] = g_matrices(scores, order=order, splits=design.splits, metric=metric, exact=exact)
    return made


def _ceiling(design: Design, target: str) -> Ceiling:
    study = design.release.study(target)
    return ceiling(study.response, cell=study.cell, drug=study.drug)


def mean_of_splits(numbers: Iterable[Number], *, expected: int) -> Number:
    """The mean of one number a split; undefined where a split is missing or undefined, with the first reason."""
    values = list(numbers)
    if len(values) < expected:
        return Number.undefined(f"no score for {expected - len(values)} of {expected} splits")
    for number in values:
        if not number.is_defined:
            return number
    return Number(sum(number.value for number in values) / len(values))
