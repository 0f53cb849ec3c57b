"""Views of a board that somebody put together: columns, filters and order, target by target, of a past day.

Ranks and tie groups are those of the whole board, as they were stored: nothing here makes another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import lru_cache

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from leaderboard.drawing import Drawing, Estimate, Mark, Panel, multiples
from leaderboard.pages import board_pieces as pieces
from leaderboard.pages.board_asked import Asked, AskedError, Data, moment_of
from leaderboard.pages.board_choices import choices, form
from leaderboard.pages.board_lines import UNRANKED, Cell, Line, lines
from leaderboard.pages.board_table import chosen, table
from leaderboard.pages.conditional import page_tag, ready, tagged
from leaderboard.pages.figures import LOWER_IS_BETTER, metric_name
from leaderboard.reads import boards as stored
from leaderboard.reads import past

MOST_DRAWN = 12
FIGURE = "targets"


class NoBoardError(LookupError):
    """The track has no board of this metric and target."""


def shell(found: stored.BoardPage, track: str, asked: Asked) -> dict[str, object]:
    """What stands around every table."""
    return {
        "board": found,
        "slug": track,
        "asked": asked,
        "choices": choices(found.views, found.definition["targets"], asked),
        "form": form(found.views, asked),
        "query": Asked(metric=asked.metric, target=asked.target).query(),
        "stands": _permanent(found, asked),
    }


def chosen_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    """Columns, filters and order of one's own."""
    others = [(name, asked.target) for name in asked.measured]
    found = _asked_page(request, track, asked, others)
    if not isinstance(found, Found):
        return found
    columns = {metric: cells for (metric, _), cells in found.cells.items()}
    shown = chosen(found.whole, asked, columns)
    context = {"table": table(shown, asked, columns), "said": _said(shown, found.whole, asked)}
    page = render(request, "boards/board.html", shell(found.page, track, asked) | context)
    return tagged(page, found.tag)


def drawn_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    """One small plot of intervals for each target, of the first models that were asked for."""
    targets = stored.targets_of(track)
    found = _asked_page(request, track, asked, [(asked.metric, target) for target in targets])
    if not isinstance(found, Found):
        return found
    shown = chosen(found.whole, asked, {})
    there = [(target, found.cells[asked.metric, target]) for target in targets if (asked.metric, target) in found.cells]
    drawing = _multiples(shown[:MOST_DRAWN], there, asked)
    if request.GET.get("figure") == FIGURE:
        return tagged(HttpResponse(drawing.file(), content_type="image/svg+xml"), found.tag)
    context = {"drawing": drawing, "said": _said(shown, found.whole, asked), "n_drawn": min(len(shown), MOST_DRAWN)}
    page = render(request, "boards/board.html", shell(found.page, track, asked) | context)
    return tagged(page, found.tag)


def past_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    """The default board as it stood: ranks, scores and intervals as they were published, less what was withdrawn."""
    if (asked.metric, asked.target) != (stored.USUAL_METRIC, "") or asked.measured:
        raise AskedError(
            f"Of past days the board by {metric_name(stored.USUAL_METRIC)} over all targets is kept, and nothing else."
        )
    stood = past.stood(track, moment_of(asked.as_of))
    if stood is None:
        raise AskedError(_none_kept(track, asked))
    found = stored.board_page(track=track, metric=asked.metric, target="")
    if found is None:
        raise NoBoardError
    around = (found.title, found.description, found.release, str(sorted(found.views)))
    tag = page_tag(request, asked.query(), stood.etag, str(stood.until), *around, *sorted(stood.withdrawn))
    if answer := ready(request, tag):
        return answer
    whole = [_without_scores(line) if line.key in stood.withdrawn else line for line in _past_lines(stood.pk)]
    shown = chosen(whole, asked, {})
    context = {"table": table(shown, asked), "said": _said(shown, whole, asked), "stood": stood}
    return tagged(render(request, "boards/board.html", shell(found, track, asked) | context), tag)


@dataclass(frozen=True, slots=True)
class Found:
    """A board as it stands, and cells of others of its track."""

    page: stored.BoardPage
    tag: str | None
    whole: Sequence[Line]
    cells: Mapping[stored.View, Mapping[str, Cell]]


def _asked_page(
    request: HttpRequest, track: str, asked: Asked, others: Sequence[stored.View]
) -> Found | HttpResponseBase:
    """Or the whole answer, where the browser has it."""
    view = (asked.metric, asked.target)
    known = stored.etags_of(track, view, others)
    if known is None:
        raise NoBoardError
    now, etags = known
    tag = page_tag(request, asked.query(), request.GET.get("figure", ""), now)
    if answer := ready(request, tag):
        return answer
    page = stored.board_page(track=track, metric=asked.metric, target=asked.target)
    whole = pieces.rosters(track, {view: etags[view]}).get(view)
    if page is None or whole is None:  # gone in between
        raise NoBoardError
    return Found(page, tag, whole, pieces.cells(track, {one: etags[one] for one in others if one in etags}))


def _said(shown: Sequence[Line], whole: Sequence[Line], asked: Asked) -> str:
    """How much of the board is here, and that its ranks are not of this view."""
    how_many = f"All {len(whole)} lines" if len(shown) == len(whole) else f"{len(shown)} of {len(whole)} lines"
    by = metric_name(asked.metric) + (f" on {asked.target}" if asked.target else "")
    return f"{how_many}. Ranks and tie groups are always those of the whole board by {by}; no filter changes one."


def _multiples(shown: Sequence[Line], there: Sequence[tuple[str, Mapping[str, Cell]]], asked: Asked) -> Drawing:
    name = metric_name(asked.metric)
    panels = [Panel(target, [_estimate(line, found.get(line.key)) for line in shown]) for target, found in there]
    return multiples(
        panels,
        name=FIGURE,
        title=f"{name}, target by target",
        desc="Means over sources with 95% intervals.",
        axis="lower is better" if asked.metric in LOWER_IS_BETTER else "higher is better",
        zero=asked.metric not in LOWER_IS_BETTER,
        width=960,
    )


def _estimate(line: Line, there: Cell | None) -> Estimate:
    mark = Mark.RING if line.kind in UNRANKED else Mark.DISC
    if there is None:
        return Estimate(line.model, None, why="not on that board yet", mark=mark)
    estimate, low, high, _ = there
    return Estimate(line.model, estimate, low, high, why="undefined" if estimate is None else "", mark=mark)


@lru_cache(maxsize=8)
def _past_lines(pk: int) -> tuple[Line, ...]:
    return tuple(lines(json.loads(past.content(pk))))


def _without_scores(line: Line) -> Line:
    """Its place stays: those of others were made beside it. Its scores are its team's alone, since it was withdrawn."""
    gone = '<td class="n"><span class="undefined">withdrawn since</span></td><td></td>'
    order = {"model": line.order["model"], "published": line.order["published"]}
    said = dict.fromkeys(line.said, "<td></td>") | {"published": line.said["published"]}
    return replace(line, score=gone, said=said, order=order, beats="")


def _none_kept(track: str, asked: Asked) -> str:
    first = past.first_kept(track)
    if first is None:
        return "No past board of this track is kept yet."
    return f"No board is kept of {asked.as_of}: the first is of {first:%Y-%m-%d %H:%M} UTC."


def _permanent(found: stored.BoardPage, asked: Asked) -> str:
    """Where the board as it stands now can be found for good; empty where none is kept of it."""
    if (asked.metric, asked.target, asked.data) != (stored.USUAL_METRIC, "", Data.OPEN) or asked.as_of:
        return ""
    moment = found.computed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Asked(as_of=moment).query()
