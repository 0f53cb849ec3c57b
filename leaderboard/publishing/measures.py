"""What boards rank by: a closed set of measures, over all targets or one, each with its draws and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.arms import Arm
from evaluator.baselines import Baseline
from evaluator.scorecard.card import Card
from evaluator.scorecard.plain import plain_interval
from evaluator.scorecard.uncertain import REAL, Drawn, EntryKey, interval_of
from evaluator.scoring.bootstrap import mean_of
from evaluator.scoring.intervals import Interval, Undefined
from evaluator.scoring.metrics import ERRORS, Metric
from evaluator.scoring.pair_sums import Floats
from leaderboard.publishing.entry_draws import EntryDraws, keep_entries

ALL_TARGETS = ""
INTRADRUG = Arm.parse("intradrug")


class Measure(StrEnum):
    """The order is that in which boards are made and offered."""

    PRIMARY = "primary"
    OVER_DRUG_MEAN = "skill_drug_mean"
    OVER_CELL_MEAN = "skill_cell_mean"
    OVER_GLOBAL_MEAN = "skill_global_mean"
    R2 = "r2"
    RMSE = "rmse"
    MAE = "mae"
    PEARSON = "pearson"
    SPEARMAN = "spearman"
    GAP = "gap"

    @property
    def metric(self) -> Metric | None:
        """Of those that are a plain metric over rows."""
        return next((metric for metric in Metric if str(metric) == str(self)), None)

    @property
    def higher_is_better(self) -> bool:
        return self.metric not in ERRORS


# Over the drug average only rows count whose drug was trained on: a constant shift of the others alone can gain .22.
_SKILLS = {
    Measure.PRIMARY: Baseline.MEAN_EFFECTS,
    Measure.OVER_DRUG_MEAN: "seen",
    Measure.OVER_CELL_MEAN: Baseline.CELL_MEAN,
    Measure.OVER_GLOBAL_MEAN: Baseline.GLOBAL_MEAN,
}


@dataclass(frozen=True, slots=True)
class View:
    """A board: a measure, averaged over all entries of G or, with a target, over the sources of that column."""

    measure: Measure
    target: str = ALL_TARGETS

    @property
    def key(self) -> str:
        return f"{self.measure}/{self.target}"


def views(definition: Mapping[str, Any]) -> list[View]:
    """The boards of a track, the default one first."""
    offered = [one for one in Measure if one is not Measure.GAP or str(INTRADRUG) in definition["arms"]]
    return [View(measure, target) for target in (ALL_TARGETS, *definition["targets"]) for measure in offered]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a board says of one entrant, as JSON.

    The views in the order of the draws; their intervals, as plain_interval has them and with the reason where the score
    is undefined; the smallest number of cells or drugs by target; and what became of the memory alarm.
    """

    views: Sequence[str]
    intervals: Mapping[str, Mapping[str, Any]]
    units: Mapping[str, int]
    alarm: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return {
            "views": list(self.views),
            "intervals": dict(self.intervals),
            "units": dict(self.units),
            "alarm": dict(self.alarm),
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """The draws (views, 1 + replicates) of one entrant, what they come to, and those of single entries by measure."""

    draws: Floats
    summary: Summary
    entries: Mapping[Measure, EntryDraws]


def measured(
    drawn: Drawn, asked: Sequence[View], card: Card, *, gap_metric: Metric, untested: str | None = None
) -> Measured:
    """`card` says why a score is undefined; `untested` why its maker has no permuted self at all."""
    rows, intervals = [], {}
    for view in asked:
        entries = _entries(drawn, view.target)
        draws = _draws(drawn, view, entries, gap_metric)
        rows.append(draws)
        r2 = is_r2(view.measure, gap_metric)
        found = interval_of(draws, [drawn.units[key] for key in entries], r2=r2)
        intervals[view.key] = _plain(found, _reason(view, entries, card, untested))
    units = {
        target: min(min(drawn.units[key]) for key in _entries(drawn, target))
        for target in (ALL_TARGETS, *drawn.design.targets)
    }
    alarm = {"state": "undefined", "reason": untested} if untested else _alarm(card)
    summary = Summary([view.key for view in asked], intervals, units, alarm)
    measures = dict.fromkeys(view.measure for view in asked)
    singles = {one: _singles(drawn, one, card, gap_metric=gap_metric, untested=untested) for one in measures}
    return Measured(np.stack(rows), summary, singles)


def keep_every_entry(storage: Store, draws: str, found: Measured) -> None:
    for measure, entries in found.entries.items():
        keep_entries(storage, draws, measure, entries)


def is_r2(measure: Measure, gap_metric: Metric) -> bool:
    """Its intervals are too narrow over few drugs."""
    return measure is Measure.R2 or (measure is Measure.GAP and gap_metric is Metric.R2)


def _singles(drawn: Drawn, measure: Measure, card: Card, *, gap_metric: Metric, untested: str | None) -> EntryDraws:
    nothing = np.full(1 + drawn.weights.replicates, np.nan)
    rows, why = [], []
    for key in drawn.units:
        draws = _of_entry(drawn, measure, key, gap_metric)
        draws = nothing if draws is None else draws
        rows.append(draws)
        reason = _reason(View(measure, key[1]), [key], card, untested) or Undefined.NO_ESTIMATE
        why.append(reason if np.isnan(draws[0]) else "")
    return EntryDraws(list(drawn.units), list(drawn.units.values()), np.stack(rows), why)


def _entries(drawn: Drawn, target: str) -> list[EntryKey]:
    return [key for key in drawn.units if target in (ALL_TARGETS, key[1])]


def _draws(drawn: Drawn, view: View, entries: Sequence[EntryKey], gap_metric: Metric) -> Floats:
    """All NaN unless every entry is there: a mean over some of them would be another number."""
    found = [_of_entry(drawn, view.measure, key, gap_metric) for key in entries]
    complete = [draws for draws in found if draws is not None]
    if len(complete) < len(found):
        return np.full(1 + drawn.weights.replicates, np.nan)
    return mean_of(complete)


def _of_entry(drawn: Drawn, measure: Measure, key: EntryKey, gap_metric: Metric) -> Floats | None:
    if measure in _SKILLS:
        return drawn.skill.get((key, _SKILLS[measure]))
    if measure is Measure.GAP:
        return drawn.gap.get((gap_metric, key))
    assert measure.metric is not None
    return drawn.g.get((str(REAL), measure.metric, key))


def _plain(interval: Interval, reason: str | None) -> dict[str, Any]:
    """The score's own reason where there is one: that of the interval only says that there is no score."""
    plain = plain_interval(interval)
    if reason is not None and not interval.estimate.is_defined:
        plain |= {name: {"undefined": reason} for name in ("estimate", "low", "high", "standard_error")}
    return plain


def _reason(view: View, entries: Sequence[EntryKey], card: Card, untested: str | None) -> str | None:
    if view.measure is Measure.GAP and untested:
        return untested
    arm = str(INTRADRUG if view.measure is Measure.GAP else REAL)
    lacking = card.missing.get(str(REAL), 0) or card.missing.get(arm, 0)
    if lacking:
        return f"{lacking} files of predictions are missing"
    metric = view.measure.metric
    if metric is None:
        return None
    for entry, scores in card.files[arm].items():
        number = scores.rows[metric]
        if (entry.source, entry.target) in entries and not number.is_defined:
            return f"{number.reason} ({entry.source} to {entry.target}, split {entry.split})"
    return None


def _alarm(card: Card) -> dict[str, str]:
    alarm = card.uncertain.alarm if card.uncertain else None
    if alarm is None:
        return {"state": "undefined", "reason": "the track has no permuted arm"}
    if alarm.raised:
        return {"state": "raised", "reason": ""}
    why = [test.p.reason for test in alarm.entries.values()]
    if all(why):
        return {"state": "undefined", "reason": next(iter(why), None) or "no permuted model was trained"}
    return {"state": "silent", "reason": ""}
