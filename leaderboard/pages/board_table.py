"""The table of a board as HTML, made when a board is recomputed and stored ready; never in a request.

`board_html` takes a board's JSON: {"metric", "target", "rows": [row, …]}, rows in its order. A row has "rank" [first,
last], "tie_group" (None: not ranked), "model", "slug" (None: no page of its own, as of baselines), "version", "team",
"kind" (participant, reference, control, baseline), "score", "skill_over_drug_average" and "gap" (plain_interval),
"beats_drug_average" (yes, no, cannot tell), "memory_alarm" {"state": raised, silent or undefined, "reason"}, and
"published_at".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from leaderboard.pages.figures import LOWER_IS_BETTER, Figure, Scale, figure, mark, metric_name

ALARMS = {"raised": "error", "silent": "quiet"}
BEATS = {"yes": "yes", "no": "no", "cannot tell": "unsure"}


@dataclass(frozen=True, slots=True)
class Row:
    rank: str
    tie_group: str
    starts_group: bool
    model: str
    slug: str
    version: str
    team: str
    kind: str
    score: Figure
    mark: SafeString
    beats: str
    beats_class: str
    skill: Figure
    gap: Figure
    alarm: str
    alarm_class: str
    alarm_reason: str
    date: str


def board_html(board: Mapping[str, Any]) -> str:
    metric, target = board["metric"], board["target"]
    return render_to_string(
        "boards/table.html",
        {
            "rows": rows(board["rows"]),
            "score_name": metric_name(metric),
            "is_mean": not target,
            "target": target,
            "lower_is_better": metric in LOWER_IS_BETTER,
        },
    )


def rows(stored: Sequence[Mapping[str, Any]]) -> list[Row]:
    scale = Scale.of([row["score"] for row in stored])
    groups = [None, *(row["tie_group"] for row in stored)]
    return [
        _row(row, scale, starts_group=row["tie_group"] != before) for row, before in zip(stored, groups, strict=False)
    ]


def rank_text(rank: Sequence[int]) -> str:
    first, last = rank
    return str(first) if first == last else f"{first}–{last}"


def _row(row: Mapping[str, Any], scale: Scale | None, *, starts_group: bool) -> Row:
    alarm = row["memory_alarm"]
    return Row(
        rank=rank_text(row["rank"]) if row["rank"] else "",
        tie_group=str(row["tie_group"] or ""),
        starts_group=starts_group,
        model=row["model"],
        slug=row["slug"] or "",
        version=f"v{row['version']}" if row["version"] else "",
        team=row["team"],
        kind=row["kind"],
        score=figure(row["score"]),
        mark=mark(row["score"], scale),
        beats=row["beats_drug_average"],
        beats_class=BEATS.get(row["beats_drug_average"], "unsure"),
        skill=figure(row["skill_over_drug_average"]),
        gap=figure(row["gap"]),
        alarm=alarm["state"],
        alarm_class=ALARMS.get(alarm["state"], ""),
        alarm_reason=alarm["reason"],
        date=_date(row["published_at"]),
    )


def _date(moment: str | None) -> str:
    return datetime.fromisoformat(moment).date().isoformat() if moment else ""
