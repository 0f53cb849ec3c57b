"""A comparison as JSON, and as CSV of the same differences: one line each."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluator.scorecard.plain import plain_interval, plain_number
from leaderboard.publishing.comparisons import Compared, Difference
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import Entrant, is_defined
from leaderboard.publishing.measures import View
from leaderboard.publishing.tables import harmless

NUMBERS = ("estimate", "low", "high", "standard_error")


def plain_comparison(plan: Plan, who: Sequence[Entrant], found: Compared) -> dict[str, Any]:
    """`first` and `second` of a difference are places in `models`; the verdict is of the first."""
    view = found.view
    return {
        "track": plan.track.slug,
        "release": str(plan.track.release),
        "release_id": plan.track.release.release_id,
        "metric": str(view.measure),
        "target": view.target,
        "higher_is_better": view.measure.higher_is_better,
        "all_pairs_at_once": len(who) > 2,
        "models": [_model(one, found, i) for i, one in enumerate(who)],
        "pairs": [_difference(view, pair, one) for pair, one in found.pairs.items()],
        "measures": [
            _difference(of, (0, i + 1), one) for of, made in found.views.items() for i, one in enumerate(made)
        ],
        "entries": [
            _difference(View(view.measure, target), (0, i + 1), one, source=source)
            for (source, target), made in found.entries.items()
            for i, one in enumerate(made)
        ],
        "entries_undefined": found.entries_why or None,
    }


def comparison_csv(plain: Mapping[str, Any]) -> bytes:
    """An undefined number is an empty cell, and its reason stands in the last one."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    names = ("model", "version")
    sides = [f"{side}_{name}" for side in ("first", "second") for name in names]
    last = ("df", "replicates", "too_narrow", "at_least", "verdict", "undefined")
    lines.writerow(["part", "metric", "source", "target", *sides, *NUMBERS, *last])
    lines.writerows(_lines(plain, names))
    return text.getvalue().encode()


def _lines(plain: Mapping[str, Any], names: Sequence[str]) -> Iterator[list[object]]:
    for part in ("pairs", "measures", "entries"):
        for one in plain[part]:
            models = [plain["models"][one[side]] for side in ("first", "second")]
            sides = [harmless(model[name]) for model in models for name in names]
            interval = one["difference"]
            numbers = [interval[name] if is_defined(interval[name]) else "" for name in NUMBERS]
            at_least = one["at_least"] if is_defined(one["at_least"]) else ""
            why = [interval[name]["undefined"] for name in NUMBERS if not is_defined(interval[name])]
            rest = [interval["df"], interval["replicates"], interval["too_narrow"], at_least, one["verdict"]]
            where = [part, one["metric"], one.get("source", ""), one["target"]]
            yield [*where, *sides, *numbers, *rest, harmless(next(iter(why), ""))]


def _model(one: Entrant, found: Compared, i: int) -> dict[str, Any]:
    place = found.places[i]
    is_placed = place.tie_group is not None
    return {
        "model": one.model,
        "slug": one.slug,
        "version": one.version,
        "team": one.team,
        "kind": one.kind,
        "score": one.intervals[found.view.key],
        "rank": [place.first, place.last] if is_placed else None,
        "tie_group": place.tie_group,
    }


def _difference(view: View, pair: tuple[int, int], one: Difference, *, source: str = "") -> dict[str, Any]:
    where = {"metric": str(view.measure)} | ({"source": source} if source else {}) | {"target": view.target}
    made = {"difference": plain_interval(one.interval), "at_least": plain_number(one.at_least)}
    return where | {"first": pair[0], "second": pair[1]} | made | {"verdict": str(one.verdict)}
