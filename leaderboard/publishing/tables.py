"""A board as JSON, from entrants and their places; HTML and CSV are made of that alone."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import Entrant, by_score, is_defined
from leaderboard.publishing.measures import Measure, View
from leaderboard.publishing.placing import Place, places

INTERVALS = ("score", "skill_over_drug_average", "gap")
BOUNDS = ("estimate", "low", "high")
NO_GAP = {name: {"undefined": "the track has no permuted arm"} for name in (*BOUNDS, "standard_error")}


def table(plan: Plan, entrants: Sequence[Entrant], view: View) -> dict[str, Any]:
    """As leaderboard.pages.board_table describes it."""
    order = by_score(entrants, view.key, higher_is_better=view.measure.higher_is_better)
    placed = _places(entrants, view)
    return {
        "track": plan.track.slug,
        "release": str(plan.track.release),
        "release_id": plan.track.release.release_id,
        "metric": str(view.measure),
        "target": view.target,
        "higher_is_better": view.measure.higher_is_better,
        "rows": [_row(entrants[i], placed.get(i), view) for i in order],
    }


def _places(entrants: Sequence[Entrant], view: View) -> dict[int, Place]:
    ranked = [i for i, entrant in enumerate(entrants) if entrant.is_ranked]
    if not ranked:
        return {}
    found = places(
        np.stack([entrants[i].draws[view.key] for i in ranked]),
        [k for k, i in enumerate(ranked) if is_defined(entrants[i].intervals[view.key]["low"])],
        units=min(entrants[i].units[view.target] for i in ranked),
        higher_is_better=view.measure.higher_is_better,
    )
    return dict(zip(ranked, found, strict=True))


def _row(entrant: Entrant, place: Place | None, view: View) -> dict[str, Any]:
    skill = entrant.intervals[View(Measure.OVER_DRUG_MEAN, view.target).key]
    is_placed = place is not None and place.tie_group is not None
    return {
        "rank": [place.first, place.last] if place and is_placed else None,
        "tie_group": place.tie_group if place and is_placed else None,
        "model": entrant.model,
        "slug": entrant.slug,
        "version": entrant.version,
        "team": entrant.team,
        "kind": entrant.kind,
        "score": entrant.intervals[view.key],
        "skill_over_drug_average": skill,
        "beats_drug_average": beats(skill),
        "gap": entrant.intervals.get(View(Measure.GAP, view.target).key, NO_GAP),
        "memory_alarm": dict(entrant.alarm),
        "published_at": entrant.published_at,
    }


def beats(skill: Mapping[str, Any]) -> str:
    """Yes where the whole interval lies above zero, no where none of it does."""
    if not is_defined(skill["low"]):
        return "cannot tell"
    if skill["low"] > 0:
        return "yes"
    return "no" if skill["high"] <= 0 else "cannot tell"


def as_json(board: Mapping[str, Any]) -> bytes:
    return json.dumps(board, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()


def as_csv(board: Mapping[str, Any]) -> bytes:
    """An undefined number is an empty cell."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    bounds = [f"{name}_{bound}" for name in INTERVALS for bound in BOUNDS]
    names = ("model", "version", "team", "kind")
    last = ("beats_drug_average", "memory_alarm", "published_at")
    lines.writerow(["rank_first", "rank_last", "tie_group", *names, *bounds, *last])
    for row in board["rows"]:
        first_last = row["rank"] or ["", ""]
        numbers = [row[name][bound] for name in INTERVALS for bound in BOUNDS]
        shown = [number if is_defined(number) else "" for number in numbers]
        says = (row["beats_drug_average"], row["memory_alarm"]["state"], row["published_at"])
        lines.writerow([*first_last, row["tie_group"], *(harmless(row[name]) for name in names), *shown, *says])
    return text.getvalue().encode()


def harmless(cell: object) -> object:
    """No spreadsheet takes a participant's name for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
