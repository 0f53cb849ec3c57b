"""The table of a board as HTML: the usual one is made when a board is recomputed and stored, others of its pieces.

`board_html` takes a board's JSON: {"metric", "target", "rows": [row, …]}, rows in its order. A row has "rank" [first,
last], "tie_group" (None: not ranked), "model", "slug" (None: no page of its own, as of baselines), "version", "team",
"kind" (participant, reference, control, baseline), "score", "skill_over_drug_average" and "gap" (plain_interval),
"beats_drug_average" (yes, no, cannot tell), "memory_alarm" {"state": raised, silent or undefined, "reason"}, and
"published_at".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from leaderboard.pages.board_asked import COLUMNS, MEASURED, SAID, Asked
from leaderboard.pages.board_lines import Cell, Line, lines
from leaderboard.pages.figures import LOWER_IS_BETTER, metric_name

NO_CELL = '<td class="n"><span class="undefined">n/a</span><span class="why">not on that board yet</span></td>'
TEXTS = ("rank", "model")
"""Sorted from the first of the alphabet, not from the best."""
Pieces = Mapping[str, Mapping[str, Cell]]
"""Cells by column and line: of the columns that come from other boards."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`query` leads to the board sorted by it; empty: no link. `sorted` is what aria-sort says."""

    label: str
    beside: str = ""
    css: str = ""
    query: str = ""
    sorted: str = ""
    is_hidden: bool = False


def board_html(board: Mapping[str, Any], *, column: Sequence[str] = tuple(SAID), is_linked: bool = True) -> str:
    asked = Asked(metric=board["metric"], target=board["target"], column=tuple(column))
    return table(lines(board), asked, is_linked=is_linked)


def table(shown: Sequence[Line], asked: Asked, pieces: Pieces | None = None, *, is_linked: bool = True) -> SafeString:
    made = headings(asked, is_linked=is_linked)
    return render_to_string(
        "boards/table.html",
        {
            "body": mark_safe("\n".join(_rows(shown, asked, pieces or {}))),
            "headings": made,
            "n_columns": len(made),
            "is_empty": not shown,
            "is_whole": asked.is_whole,
            "score_name": metric_name(asked.metric),
            "is_mean": not asked.target,
            "target": asked.target,
            "lower_is_better": asked.metric in LOWER_IS_BETTER,
        },
    )


def headings(asked: Asked, *, is_linked: bool = True) -> list[Heading]:
    def heading(name: str, label: str, beside: str = "", css: str = "") -> Heading:
        if not is_linked:
            return Heading(label, beside, css)
        is_here = asked.order == name
        turned = f"-{name}" if is_here and not asked.is_reversed else name
        return Heading(label, beside, css, asked.but(sort=turned).query(), _sorted(name, asked) if is_here else "")

    first = [heading("rank", "Rank", "and tie group"), heading("model", "Model", "kind, team", "model")]
    score = [heading("score", metric_name(asked.metric), css="n"), Heading("Interval, drawn", is_hidden=True)]
    numbers = {"gap", *MEASURED}
    return [
        *first,
        *score,
        *(heading(name, COLUMNS[name], css="n" if name in numbers else "") for name in asked.said),
    ]


def chosen(whole: Sequence[Line], asked: Asked, pieces: Pieces) -> list[Line]:
    """Those that were asked for, in the order that was: nothing of it changes a rank."""
    name, team = asked.name.casefold(), asked.team.casefold()
    kept = [
        line
        for line in whole
        if name in line.model.casefold()
        and team in line.team.casefold()
        and asked.kind in ("", line.kind)
        and (not asked.beating or line.beats == "yes")
        and (asked.controls or line.kind != "control")
    ]
    return _in_order(kept, asked, pieces)


def _in_order(kept: list[Line], asked: Asked, pieces: Pieces) -> list[Line]:
    """What is undefined stays last, whichever way."""
    if asked.order == "rank":
        return kept[::-1] if asked.is_reversed else kept
    order = "score" if asked.order == asked.metric else asked.order
    values = {line.key: _value(line, order, pieces) for line in kept}
    defined = [line for line in kept if values[line.key] is not None]
    defined.sort(key=lambda line: values[line.key], reverse=_is_falling(asked))  # type: ignore[arg-type,return-value]
    return defined + [line for line in kept if values[line.key] is None]


def _value(line: Line, order: str, pieces: Pieces) -> float | str | None:
    if order in pieces:
        there = pieces[order].get(line.key)
        return there[0] if there else None
    return line.order.get(order)  # of what is on no board of this track: undefined


def _is_falling(asked: Asked) -> bool:
    """The best is first unless it is turned round: the smallest error, the largest of anything else."""
    measure = asked.metric if asked.order == "score" else asked.order
    return (measure not in (*TEXTS, *LOWER_IS_BETTER)) != asked.is_reversed


def _sorted(name: str, asked: Asked) -> str:
    falls = asked.is_reversed if name == "rank" else _is_falling(asked)
    return "descending" if falls else "ascending"


def _rows(shown: Sequence[Line], asked: Asked, pieces: Pieces) -> Iterable[str]:
    columns = [_column(shown, name, pieces) for name in asked.said]
    others = map("".join, zip(*columns, strict=True)) if columns else repeat("")
    is_by_rank = asked.sort == "rank"
    before: object = None
    for line, beside in zip(shown, others, strict=False):
        css = ' class="group-start"' if is_by_rank and line.tie_group != before else ""
        before = line.tie_group
        yield f"<tr{css}>{line.head}{line.score}{beside}</tr>"


def _column(shown: Sequence[Line], name: str, pieces: Pieces) -> list[str]:
    if name not in MEASURED:
        return [line.said[name] for line in shown]
    there = pieces.get(name, {})
    return [there[line.key][3] if line.key in there else NO_CELL for line in shown]
