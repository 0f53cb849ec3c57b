"""The boards: shells around tables that stand ready, or that are put together of ready pieces."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from leaderboard.models import Track
from leaderboard.pages.board_asked import Asked, AskedError, Data, Shown, asked_of
from leaderboard.pages.board_choices import choices
from leaderboard.pages.board_views import NoBoardError, chosen_board, drawn_board, past_board, shell
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.sealed_board import sealed_board
from leaderboard.reads import benchmark
from leaderboard.reads import boards as stored


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    return render(request, "boards/list.html", {"tracks": benchmark.tracks()})


@require_safe
def board(request: HttpRequest, track: str) -> HttpResponseBase:
    try:
        asked = asked_of(request.GET)
        return _view(asked)(request, track, asked)
    except AskedError as refused:
        context = {"track": get_object_or_404(Track, slug=track), "sentence": str(refused)}
        return render(request, "boards/refused.html", context, status=400)
    except NoBoardError:
        return _no_such_board(request, track, asked)


def _view(asked: Asked) -> Callable[[HttpRequest, str, Asked], HttpResponseBase]:
    if asked.is_plain:
        return _stored_board
    if asked.data is Data.SEALED:
        return sealed_board
    if asked.as_of:
        return past_board
    return drawn_board if asked.shown is Shown.TARGETS else chosen_board


def _stored_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    view = {"track": track, "metric": asked.metric, "target": asked.target}
    now = stored.page_tag_of(track=track, metric=asked.metric, target=asked.target)
    if now is None:
        raise NoBoardError
    if answer := ready(request, page_tag(request, *view.values(), now)):
        return answer
    found = stored.board_page(track=track, metric=asked.metric, target=asked.target, body="html")
    if found is None:  # gone in between
        raise NoBoardError
    page = render(request, "boards/board.html", shell(found, track, asked) | {"table": mark_safe(found.body)})
    return keep(request, page, page_tag(request, *view.values(), found.tag))


def _no_such_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    """A track without boards has an empty page; a view that there is not is a 404 with those that there are."""
    found = get_object_or_404(Track.objects.select_related("release"), slug=track)
    there = stored.choices_of(found)
    if not request.GET and there:
        metric, target = min(there, key=lambda view: view[1])
        return redirect(request.path + Asked(metric=metric, target=target).query())
    offered = choices(there, found.definition["targets"], Asked(metric=asked.metric, target=asked.target))
    context = {"track": found, "choices": offered, "asked": asked, "is_empty": not there}
    return render(request, "boards/none.html", context, status=404 if request.GET else 200)
