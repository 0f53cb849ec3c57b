"""Several models on the same weights: who is better, as far as it can be told, and where in G they differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluator.baselines import Baseline
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.uncertain import REAL, Drawn, EntryKey, Read, interval_of
from evaluator.scoring.intervals import Interval
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Floats
from evaluator.scoring.ranking import Standing, standings
from evaluator.scoring.skill import primary_score


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ranks by the primary score; differences are of the first model minus the second, on the same replicates."""

    standings: tuple[Standing, ...]
    primary: Mapping[tuple[str, str], Interval]
    entries: Mapping[tuple[str, str], Mapping[EntryKey, Interval]]


def compare(
    weights: Weights, models: Mapping[str, Read], *, metric: Metric, each: Callable[[str], object] = lambda _: None
) -> Comparison:
    """A model that lacks files has no primary score: it comes last, and no difference is taken from it."""
    drawn: dict[str, Drawn] = {}
    for name, read in models.items():
        drawn[name] = Drawn(weights, (REAL,), (metric,))
        for source in weights.design.sources:
            for target in weights.design.targets:
                drawn[name].add(source, target, read)
                each(name)
    units = next(iter(drawn.values())).units
    primary = {name: _primary(of_model) for name, of_model in drawn.items()}
    pairs = list(combinations(models, 2))
    return Comparison(
        standings=standings(primary, units=min(map(min, units.values()))),
        primary={(a, b): interval_of(primary[a] - primary[b], units.values()) for a, b in pairs},
        entries={(a, b): _entries(drawn[a], drawn[b], metric) for a, b in pairs},
    )


def _primary(drawn: Drawn) -> Floats:
    """Draws of the mean over targets of the skill over mean effects; all NaN unless every entry is there."""
    skills = [drawn.skill.get((key, Baseline.MEAN_EFFECTS)) for key in drawn.units]
    complete = [draws for draws in skills if draws is not None]
    if len(complete) < len(skills):
        return np.full(1 + drawn.weights.replicates, np.nan)
    return primary_score(complete)


def _entries(first: Drawn, second: Drawn, metric: Metric) -> dict[EntryKey, Interval]:
    differences: dict[EntryKey, Interval] = {}
    for key, sizes in first.units.items():
        a, b = (drawn.g.get((str(REAL), metric, key)) for drawn in (first, second))
        if a is not None and b is not None:
            differences[key] = interval_of(a - b, [sizes], r2=metric is Metric.R2)
    return differences
