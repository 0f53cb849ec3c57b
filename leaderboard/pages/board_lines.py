"""The lines of a board in ready pieces, stored beside its table: a view of one's own only puts them together.

Made of a board's JSON, as leaderboard.pages.board_table describes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.html import escape

from leaderboard.pages.figures import Figure, Scale, figure, mark, value

ALARMS = {"raised": "error", "silent": "quiet"}
BEATS = {"yes": "yes", "no": "no", "cannot tell": "unsure"}
UNRANKED = ("baseline", "control")
Order = float | str | None
Cell = tuple[float | None, float | None, float | None, str]
"""Of one model in one column: estimate, ends of its interval, and the cell's HTML."""


@dataclass(frozen=True, slots=True)
class Line:
    """`head`, `score` and `said` are HTML, a `<td>` each, `score` two; `order` is what columns are sorted by."""

    key: str
    model: str
    team: str
    kind: str
    beats: str
    rank: str
    tie_group: int | None
    head: str
    score: str
    said: dict[str, str] = field(default_factory=dict)
    order: dict[str, Order] = field(default_factory=dict)


def key_of(row: Mapping[str, Any]) -> str:
    """The same on every board of a track, and another for another version: figures of two are never set together."""
    return f"{row['slug']}/v{row['version']}" if row["slug"] else str(row["model"])


def lines(board: Mapping[str, Any]) -> list[Line]:
    stored: Sequence[Mapping[str, Any]] = board["rows"]
    scale = Scale.of([row["score"] for row in stored])
    return [_line(row, scale) for row in stored]


def as_roster(made: Sequence[Line]) -> str:
    return json.dumps([asdict(line) for line in made], ensure_ascii=False, separators=(",", ":"))


def as_cells(board: Mapping[str, Any]) -> str:
    """The score of each, as a column of another board."""
    cells = {key_of(row): cell(row["score"]) for row in board["rows"]}
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))


def roster(stored: str) -> list[Line]:
    return [Line(**line) for line in json.loads(stored)]


def cells(stored: str) -> dict[str, Cell]:
    found: dict[str, Cell] = json.loads(stored)
    return found


def cell(interval: Any) -> Cell:
    low, high = (value(interval[end]) for end in ("low", "high"))
    return value(interval["estimate"]), low, high, _number(figure(interval))


def rank_text(rank: Sequence[int]) -> str:
    first, last = rank
    return str(first) if first == last else f"{first}–{last}"


def _line(row: Mapping[str, Any], scale: Scale | None) -> Line:
    alarm = row["memory_alarm"]
    return Line(
        key=key_of(row),
        model=row["model"],
        team=row["team"],
        kind=row["kind"],
        beats=row["beats_drug_average"],
        rank=rank_text(row["rank"]) if row["rank"] else "",
        tie_group=row["tie_group"],
        head=_rank(row) + _model(row),
        score=f"{_number(figure(row['score']))}<td>{mark(row['score'], scale)}</td>",
        said={
            "beats": _beats(row["beats_drug_average"], figure(row["skill_over_drug_average"])),
            "gap": _number(figure(row["gap"])),
            "alarm": _alarm(alarm["state"], alarm["reason"]),
            "published": f'<td class="date">{_date(row["published_at"])}</td>',
        },
        order={
            "score": value(row["score"]["estimate"]),
            "model": row["model"].casefold(),
            "beats": value(row["skill_over_drug_average"]["estimate"]),
            "gap": value(row["gap"]["estimate"]),
            "alarm": alarm["state"] if alarm["state"] in ALARMS else None,
            "published": row["published_at"],
        },
    )


def _rank(row: Mapping[str, Any]) -> str:
    if row["rank"]:
        return (
            f'<td class="rank"><b>{rank_text(row["rank"])}</b><span class="range">group {row["tie_group"]}</span></td>'
        )
    why = "unranked" if row["kind"] in UNRANKED else "n/a"
    return f'<td class="rank"><span class="undefined">{why}</span></td>'


def _model(row: Mapping[str, Any]) -> str:
    name, kind = escape(row["model"]), escape(row["kind"])
    named = f'<a href="/models/{escape(row["slug"])}/">{name}</a>' if row["slug"] else name
    parts = [kind if row["kind"] == "participant" else f'<span class="kind">{kind}</span>']
    parts += [escape(row["team"])] if row["team"] else []
    parts += [f"v{row['version']}"] if row["version"] else []
    return f'<th scope="row">{named}<span class="team">{" · ".join(parts)}</span></th>'


def _number(shown: Figure) -> str:
    return f'<td class="n">{shown}</td>'


def _beats(word: str, skill: Figure) -> str:
    said = f'<b class="{BEATS.get(word, "unsure")}">{escape(word)}</b>'
    if skill.range:
        return f'<td>{said}<span class="range">{skill.text} ({skill.range})</span></td>'
    if skill.reason:
        return f'<td>{said}<span class="why">{escape(skill.reason)}</span></td>'
    return f'<td>{said}<span class="range">{skill.text}</span></td>'


def _alarm(state: str, reason: str) -> str:
    if state in ALARMS:
        return f'<td><span class="badge {ALARMS[state]}">{state}</span></td>'
    return f'<td><span class="undefined">n/a</span><span class="why">{escape(reason)}</span></td>'


def _date(moment: str | None) -> str:
    return datetime.fromisoformat(moment).date().isoformat() if moment else ""
