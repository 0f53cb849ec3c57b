"""A model's card as its page shows it: G as a heat table, means over targets, and what is said entry by entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.scoring.matrices import NORMALISED
from leaderboard.pages.figures import LOWER_IS_BETTER, METRICS, Figure, figure, heat, metric_name, value
from leaderboard.publishing.tables import beats

REAL = "real"


@dataclass(frozen=True, slots=True)
class Cell:
    figure: Figure
    heat: str
    is_diagonal: bool


@dataclass(frozen=True, slots=True)
class SourceRow:
    source: str
    cells: tuple[Cell, ...]
    mean: Figure | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """One metric of one model: rows are sources, columns targets. `mean_name` is what the last column is called."""

    family: str
    mean_name: str
    metric: str
    name: str
    targets: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    has_mean: bool
    legend: tuple[tuple[str, str], ...]  # class, text
    lower_is_better: bool


@dataclass(frozen=True, slots=True)
class EntryRow:
    source: str
    target: str
    over_drugs: Figure
    beats_drugs: str
    over_effects: Figure
    beats_all: str
    gap: Figure
    alarm: str
    alarm_reason: str


def metrics_of(card: Mapping[str, Any]) -> list[str]:
    there = card.get("matrices", {}).get(REAL, {})
    return [metric for metric in METRICS if metric in there]


def arms_of(card: Mapping[str, Any], metric: str) -> list[str]:
    """Real labels first."""
    there = card.get("matrices", {})
    return sorted((arm for arm in there if metric in there[arm]), key=lambda arm: (arm != REAL, arm))


def grid(card: Mapping[str, Any], metric: str, *, arm: str = REAL, family: str = "G") -> Grid:
    """G and Ga, or with `family` Gn their normalised forms Gn and Gna."""
    made, intervals = card["matrices"][arm][metric], _intervals(card, arm, metric)
    mean_name = f"{family}a"
    entries = _by_entry(intervals.get(family, ()))
    place = {name: i for i, name in enumerate(made["order"])}
    scale = _scale(made["G"], metric)

    def cell(source: str, target: str) -> Cell:
        number = _at(made.get(family), place, source, target)
        undefined = {"undefined": made["undefined"].get(f"{family}[{source},{target}]", "not computed")}
        shown = figure(undefined if number is None else entries.get((source, target), number))
        return Cell(shown, heat(number, low=scale[0], high=scale[1]), is_diagonal=source == target)

    def mean(source: str) -> Figure:
        number = _at(made.get(mean_name), place, source)
        if number is None:
            return figure({"undefined": made["undefined"].get(f"{mean_name}[{source}]", "not computed")})
        return figure(intervals.get(mean_name, {}).get(source, number))

    targets = tuple(card["targets"])
    return Grid(
        family=family,
        mean_name=mean_name,
        metric=metric,
        name=metric_name(metric),
        targets=targets,
        rows=tuple(SourceRow(s, tuple(cell(s, t) for t in targets), mean(s)) for s in card["sources"]),
        has_mean=len(targets) > 1,
        legend=_legend(scale, metric),
        lower_is_better=metric in LOWER_IS_BETTER,
    )


def normalised_grid(card: Mapping[str, Any], metric: str, *, arm: str = REAL) -> Grid | None:
    """None where a ratio to the diagonal means nothing: of errors."""
    made = card["matrices"][arm][metric]
    return grid(card, metric, arm=arm, family="Gn") if metric in NORMALISED and made.get("Gn") else None


def entry_rows(card: Mapping[str, Any], metric: str) -> list[EntryRow]:
    """Of every source and target, in the order of G."""
    uncertainty = card["uncertainty"]
    if uncertainty is None:
        return []
    skills = _by_entry(uncertainty["skill"])
    gaps = _by_entry(uncertainty["gap"].get(metric, ()))
    alarms = _by_entry((uncertainty["memory_alarm"] or {"entries": ()})["entries"])
    keys = [(source, target) for source in card["sources"] for target in card["targets"]]
    return [_entry_row(key, skills.get(key), gaps.get(key), alarms.get(key)) for key in keys]


def _entry_row(key: tuple[str, str], skill: Any, gap: Any, alarm: Any) -> EntryRow:
    over_drugs = skill and skill["over_drug_mean_on_trained_drugs"]
    untested = alarm is None or value(alarm["p"]) is None
    return EntryRow(
        *key,
        over_drugs=figure(over_drugs),
        beats_drugs=beats(over_drugs) if over_drugs else "cannot tell",
        over_effects=figure(skill and skill["over"]["mean_effects"]),
        beats_all=_beats_all(skill),
        gap=figure(gap),
        alarm="" if untested else "raised" if alarm["raised"] else "silent",
        alarm_reason=figure(alarm and alarm["p"]).reason if untested else "",
    )


def _beats_all(skill: Any) -> str:
    claim = skill["beats_baselines"] if skill else None
    return "cannot tell" if claim is None else "yes" if claim else "not shown"


def _intervals(card: Mapping[str, Any], arm: str, metric: str) -> Mapping[str, Any]:
    uncertainty = card["uncertainty"] or {"matrices": {}}
    found: Mapping[str, Any] = uncertainty["matrices"].get(arm, {}).get(metric, {})
    return found


def _at(matrix: Any, place: Mapping[str, int], *names: str) -> float | None:
    """None too for a study that is not both source and target: it is in no matrix."""
    for name in names:
        if matrix is None or name not in place:
            return None
        matrix = matrix[place[name]]
    return value(matrix)


def _by_entry(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(entry["source"], entry["target"]): entry for entry in entries}


def _scale(g: Sequence[Sequence[float | None]], metric: str) -> tuple[float, float]:
    """R² and correlations are read from 0 to 1; errors between the largest and the smallest of the model."""
    if metric not in LOWER_IS_BETTER:
        return 0.0, 1.0
    there = [number for row in g for number in row if number is not None]
    return (max(there), min(there)) if there else (1.0, 0.0)


def _legend(scale: tuple[float, float], metric: str) -> tuple[tuple[str, str], ...]:
    low, high = scale
    digits = 2 if metric not in LOWER_IS_BETTER else 3
    steps = [(f"heat-{i}", figure(low + (high - low) * i / 10, digits=digits).text) for i in range(10)]
    return tuple(steps) if metric in LOWER_IS_BETTER else (("heat-below", "below 0"), *steps)
