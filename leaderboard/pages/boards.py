"""The front page and the boards: shells around tables that stand ready."""

import json
from collections.abc import Sequence
from functools import lru_cache

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from leaderboard.models import Track
from leaderboard.pages.board_choices import choices, query
from leaderboard.pages.board_table import board_html
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.reads import benchmark
from leaderboard.reads import boards as stored

TOP = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    tracks = list(benchmark.tracks())
    first = next((track for track in tracks if track.is_open), None)
    return render(request, "boards/home.html", {"tracks": tracks, "first": first, "top": first and _top(first.slug)})


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    return render(request, "boards/list.html", {"tracks": benchmark.tracks()})


@require_safe
def board(request: HttpRequest, track: str) -> HttpResponseBase:
    metric, target = (_asked(request, name) for name in ("metric", "target"))
    view = {"track": track, "metric": metric or stored.usual_metric(track), "target": target}
    now = stored.page_tag_of(**view)
    if now is None:
        return _no_such_board(request, **view)
    if answer := ready(request, page_tag(request, *view.values(), now)):
        return answer
    found = stored.board_page(**view)
    if found is None:  # gone in between
        return _no_such_board(request, **view)
    offered = choices(found.views, found.definition["targets"], metric=view["metric"], target=target)
    context = {"board": found, "slug": track, "choices": offered, "query": query(view["metric"], target)}
    page = render(request, "boards/board.html", context)
    return keep(request, page, page_tag(request, *view.values(), found.tag))


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL has no NUL in texts


def _no_such_board(request: HttpRequest, *, track: str, metric: str, target: str) -> HttpResponseBase:
    """A track without boards has an empty page; a view that there is not is a 404 with those that there are."""
    found = get_object_or_404(Track.objects.select_related("release"), slug=track)
    there = stored.choices_of(found)
    if not request.GET and there:
        return redirect(request.path + query(*min(there, key=lambda view: view[1])))
    offered = choices(there, found.definition["targets"], metric=metric, target=target)
    context = {"track": found, "choices": offered, "metric": metric, "target": target, "is_empty": not there}
    return render(request, "boards/none.html", context, status=404 if request.GET else 200)


def _top(track: str) -> SafeString | None:
    metric = stored.usual_metric(track)
    etag = stored.board_etag(track=track, metric=metric, target="")
    return _top_rows(track, metric, etag) if etag else None


@lru_cache(maxsize=32)
def _top_rows(track: str, metric: str, _etag: str) -> SafeString | None:
    found = stored.board_bytes(track=track, metric=metric, target="", column="json")
    if found is None:
        return None
    whole = json.loads(found[1])
    rows: Sequence[object] = whole["rows"][:TOP]
    return mark_safe(board_html(whole | {"rows": rows}))
