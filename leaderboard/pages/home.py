"""The front page: what this is, who leads on the first open track, and how to send a model."""

import json
from functools import lru_cache

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from leaderboard.models import Track
from leaderboard.pages.board_table import board_html
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.reads import benchmark
from leaderboard.reads import boards as stored

TOP = 5
SAID = ("beats", "gap")
"""Columns beside the score: what a newcomer can read at once."""


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    tracks = list(benchmark.tracks())
    first = next((track for track in tracks if track.is_open), None)
    etag = first and stored.board_etag(track=first.slug, metric=stored.USUAL_METRIC, target="")
    tag = page_tag(request, str(etag), *map(_stamp, tracks))
    if answer := ready(request, tag):
        return answer
    top = _top(first.slug, etag) if first and etag else None
    return keep(request, render(request, "boards/home.html", {"tracks": tracks, "first": first, "top": top}), tag)


@lru_cache(maxsize=8)
def _top(track: str, _etag: str) -> SafeString | None:
    """The best of the models; baselines and controls are on the board."""
    found = stored.board_bytes(track=track, metric=stored.USUAL_METRIC, target="", column="json")
    if found is None:
        return None
    whole = json.loads(found[1])
    ranked = [row for row in whole["rows"] if row["rank"]]
    return mark_safe(board_html(whole | {"rows": ranked[:TOP]}, column=SAID, is_linked=False)) if ranked else None


def _stamp(track: Track) -> str:
    counts = (track.n_published, track.n_active)  # type: ignore[attr-defined]  # annotated
    return f"{track.slug} {track.title} {track.description} {track.is_open} {track.release} {counts}"
