"""How sure the scores of one model are: intervals of G, Ga, Gn, Gna, skill and gap, and the memory alarm."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.arms import Arm
from evaluator.baselines import Baseline
from evaluator.scorecard.design import Design, Entry, Values
from evaluator.scorecard.draws import EntryDraws, Weights
from evaluator.scoring.alarm import Centring, Evidence, MemoryAlarm, evidence, memory_alarm
from evaluator.scoring.bootstrap import gn, mean_of, mean_over_splits
from evaluator.scoring.intervals import R2_NEEDS_DRUGS, Interval, interval
from evaluator.scoring.matrices import NORMALISED
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Floats
from evaluator.scoring.skill import beats_the_baselines, gap, primary_score, skill

EntryKey = tuple[str, str]  # source, target
Read = Callable[[Arm, Entry], Values | None]

REAL, PERMUTED = Arm.parse("real"), Arm.parse("intradrug")


@dataclass(frozen=True, slots=True)
class MatrixIntervals:
    """One metric of one arm. An entry without all its files has no interval, and no mean over it either."""

    g: Mapping[EntryKey, Interval]
    gn: Mapping[EntryKey, Interval]
    ga: Mapping[str, Interval]
    gna: Mapping[str, Interval]
    columns: Mapping[str, Interval]  # by target: the mean over all sources, its own study among them


@dataclass(frozen=True, slots=True)
class Skills:
    """Skill over each baseline. `seen_drugs` and `unseen_drugs` are over the drug average on those rows alone."""

    over: Mapping[Baseline, Interval]
    seen_drugs: Interval
    unseen_drugs: Interval
    beats_baselines: bool | None


@dataclass(frozen=True, slots=True)
class Uncertain:
    seed: int
    replicates: int
    matrices: Mapping[str, Mapping[Metric, MatrixIntervals]]  # by arm
    skills: Mapping[EntryKey, Skills]
    primary: Interval | None
    gap: Mapping[Metric, Mapping[EntryKey, Interval]]
    alarm: MemoryAlarm | None


class Drawn:
    """Draws of everything, entry by entry: an entry's tables are large and are dropped as soon as it is done."""

    def __init__(self, weights: Weights, arms: Sequence[Arm], metrics: Sequence[Metric]) -> None:
        self.weights, self.design = weights, weights.design
        self.arms, self.metrics = arms, metrics
        self.g: dict[tuple[str, Metric, EntryKey], Floats] = {}  # by arm
        self.gap: dict[tuple[Metric, EntryKey], Floats] = {}
        self.skill: dict[tuple[EntryKey, str], Floats] = {}
        self.units: dict[EntryKey, tuple[int, int]] = {}  # cells, drugs

    def add(self, source: str, target: str, read: Read) -> None:
        key, splits = (source, target), self.weights.splits(source, target)
        entry = EntryDraws(self.weights, source, target)
        self.units[key] = (entry.n_cells, entry.n_drugs)
        per_split: dict[tuple[str, Metric], Floats] = {}
        for arm in self.arms:
            predictions = _all_splits(read, arm, entry.entries)
            if predictions is None:
                continue
            for metric, drawn in entry.scores(self.metrics, predictions).items():
                per_split[str(arm), metric] = drawn
                self.g[str(arm), metric, key] = mean_over_splits(drawn, splits)
            if arm == REAL:
                self._add_skills(key, entry, predictions, splits)
        for metric in self.metrics:
            pair = [per_split.get((str(arm), metric)) for arm in (REAL, PERMUTED)]
            if pair[0] is not None and pair[1] is not None:
                self.gap[metric, key] = gap(pair[0], pair[1], splits)

    def _add_skills(self, key: EntryKey, entry: EntryDraws, predictions: Sequence[Values], splits: Floats) -> None:
        def seen(one: Entry) -> np.ndarray:
            return self.design.baselines(one.source, one.split).drug_seen

        def unseen(one: Entry) -> np.ndarray:
            return ~seen(one)

        model = entry.squared_errors(predictions)
        model_mse = entry.mean_squared_errors(model)
        for baseline in Baseline:
            tables = entry.squared_errors(entry.baseline(baseline))
            self.skill[key, baseline] = skill(model_mse, entry.mean_squared_errors(tables), splits)
            if baseline is Baseline.DRUG_MEAN:
                for name, drugs in {"seen": seen, "unseen": unseen}.items():
                    ours, theirs = (entry.mean_squared_errors(part, drugs=drugs) for part in (model, tables))
                    self.skill[key, name] = skill(ours, theirs, splits)


def uncertainty(
    weights: Weights,
    read: Read,
    *,
    arms: Sequence[Arm],
    metrics: Sequence[Metric],
    each: Callable[[EntryKey], object] = lambda _: None,
    keep: Callable[[Drawn], object] = lambda _: None,
) -> Uncertain:
    """`keep` is given the draws that the intervals are made of."""
    design = weights.design
    drawn = Drawn(weights, arms, metrics)
    for source in design.sources:
        for target in design.targets:
            drawn.add(source, target, read)
            each((source, target))
    keep(drawn)
    over_effects = [drawn.skill.get(((s, t), Baseline.MEAN_EFFECTS)) for s in design.sources for t in design.targets]
    complete = [draws for draws in over_effects if draws is not None]
    return Uncertain(
        seed=weights.seed,
        replicates=weights.replicates,
        matrices={str(arm): {metric: _matrix(drawn, str(arm), metric) for metric in metrics} for arm in arms},
        skills={key: _skills(drawn, key) for key in drawn.units if (key, Baseline.GLOBAL_MEAN) in drawn.skill},
        primary=interval_of(primary_score(complete), drawn.units.values())
        if len(complete) == len(over_effects)
        else None,
        gap=_gaps(drawn),
        alarm=_alarm(design, read) if PERMUTED in arms else None,
    )


def _matrix(drawn: Drawn, arm: str, metric: Metric) -> MatrixIntervals:
    design = drawn.design
    g = {key: draws for (of, what, key), draws in drawn.g.items() if (of, what) == (arm, metric)}
    ratios = {
        (s, t): gn(draws, g[s, s]) for (s, t), draws in g.items() if metric in NORMALISED and (s, s) in g and s != t
    }
    narrow = metric is Metric.R2
    return MatrixIntervals(
        g={key: interval_of(draws, [drawn.units[key]], r2=narrow) for key, draws in g.items()},
        gn={
            key: interval_of(draws, [drawn.units[key], drawn.units[key[0], key[0]]], r2=narrow)
            for key, draws in ratios.items()
        },
        ga={s: made for s in design.sources if (made := _off_diagonal(drawn, g, s, r2=narrow))},
        gna={s: made for s in design.sources if (made := _off_diagonal(drawn, ratios, s, r2=narrow))},
        columns={t: made for t in design.targets if (made := _column(drawn, g, t, r2=narrow))},
    )


def _off_diagonal(drawn: Drawn, draws: Mapping[EntryKey, Floats], source: str, *, r2: bool) -> Interval | None:
    others = [(source, target) for target in drawn.design.targets if target != source]
    return _mean(drawn, draws, others, r2=r2)


def _column(drawn: Drawn, draws: Mapping[EntryKey, Floats], target: str, *, r2: bool) -> Interval | None:
    return _mean(drawn, draws, [(source, target) for source in drawn.design.sources], r2=r2)


def _mean(drawn: Drawn, draws: Mapping[EntryKey, Floats], keys: Sequence[EntryKey], *, r2: bool) -> Interval | None:
    if not keys or any(key not in draws for key in keys):
        return None
    return interval_of(mean_of([draws[key] for key in keys]), [drawn.units[key] for key in keys], r2=r2)


def _skills(drawn: Drawn, key: EntryKey) -> Skills:
    made = {name: interval_of(draws, [drawn.units[key]]) for (of, name), draws in drawn.skill.items() if of == key}
    over = {baseline: made[baseline] for baseline in Baseline}
    named = {str(baseline): one for baseline, one in over.items()} | {"drug_mean": made["seen"]}
    return Skills(over, made["seen"], made["unseen"], beats_the_baselines(named))


def _gaps(drawn: Drawn) -> dict[Metric, dict[EntryKey, Interval]]:
    gaps: dict[Metric, dict[EntryKey, Interval]] = {}
    for (metric, key), draws in drawn.gap.items():
        gaps.setdefault(metric, {})[key] = interval_of(draws, [drawn.units[key]], r2=metric is Metric.R2)
    return gaps


def interval_of(draws: Floats, units: Iterable[tuple[int, int]], *, r2: bool = False) -> Interval:
    """`units` are the numbers of cells and drugs of each target that the score is made of."""
    sizes = list(units)
    return interval(draws, units=min(map(min, sizes)), too_narrow=r2 and min(n for _, n in sizes) < R2_NEEDS_DRUGS)


def _alarm(design: Design, read: Read) -> MemoryAlarm:
    shuffles: dict[EntryKey, list[Evidence]] = {}
    for source in design.sources:
        for target in design.targets:
            entries = [Entry(source, split, target) for split in design.splits]
            predictions = _all_splits(read, PERMUTED, entries)
            if predictions is not None:
                shuffles[source, target] = _evidence(design, entries, predictions)
    return memory_alarm(shuffles)


def _evidence(design: Design, entries: Sequence[Entry], predictions: Sequence[Values]) -> list[Evidence]:
    found: list[Evidence] = []
    n_cells, n_drugs = len(design.release.cells), len(design.release.drugs)
    centring, answers = None, None
    for entry, prediction in zip(entries, predictions, strict=True):
        if centring is None or answers is None or entry.is_diagonal:
            rows = design.rows(entry)
            centring = Centring.of(cell=rows.cell, drug=rows.drug)
            answers = centring.residual(rows.response)
        found.append(evidence(centring, answers, prediction, n_cells=n_cells, n_drugs=n_drugs))
    return found


def _all_splits(read: Read, arm: Arm, entries: Sequence[Entry]) -> list[Values] | None:
    """None unless every split is there: a mean over some of them would be another number."""
    predictions = [read(arm, entry) for entry in entries]
    complete = [prediction for prediction in predictions if prediction is not None]
    return complete if len(complete) == len(predictions) else None
