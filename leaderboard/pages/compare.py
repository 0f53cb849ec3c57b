"""Models beside each other: what differs, and what can be told of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from evaluator.agent.uploads import Storage
from leaderboard.models import Track
from leaderboard.pages import compare_sheet as sheet
from leaderboard.pages.compare_asked import Asked, AskedError, metrics, targets
from leaderboard.pages.compare_words import score_name, which_is_better
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.exported import exported
from leaderboard.publishing.comparisons import MOST, MOST_IN_DETAIL, compared
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import NOT_RANKED
from leaderboard.publishing.measures import View
from leaderboard.reads import comparing
from leaderboard.reads.comparing import Option, UnknownModelError


@require_safe
def compare(request: HttpRequest) -> HttpResponseBase:
    track = _track(request)
    there = comparing.options(track)
    tag = page_tag(request, request.GET.urlencode(), comparing.stamp(track, there))
    if answer := ready(request, tag):
        return answer
    plan = Plan(track)
    try:
        asked = replace(Asked.read(request.GET), track=track.slug)
        view = asked.view(plan.views)
        these = comparing.chosen(there, asked.models)
        context = _compared(plan, these, view) if len(these) > 1 else {}
    except (AskedError, UnknownModelError) as refused:
        return _refused(request, track, there, refused)
    if "drawings" in context and (file := exported(request, context["drawings"].values())):
        return file
    whole = _whole(plan, asked, these, there) | context
    return keep(request, render(request, "compare/compare.html", whole), tag)


def _track(request: HttpRequest) -> Track:
    """The one that was asked for, or the first that is open."""
    tracks = Track.objects.select_related("release")
    if slug := request.GET.get("track", ""):
        return get_object_or_404(tracks, slug=slug.replace("\0", ""))
    found = tracks.order_by("-is_open", "title", "id").first()
    if found is None:
        raise Http404("There is no track yet.")
    return found


def _compared(plan: Plan, these: Sequence[Option], view: View) -> dict[str, Any]:
    who, entries = comparing.stored(plan, these, Storage(settings.STORAGE), view)
    found = compared(plan, who, entries, view)
    labels = comparing.labels(these)
    return {
        "saying": which_is_better(labels, found),
        "labels": labels,
        "is_pair": len(these) == 2,
        "is_detailed": len(these) <= MOST_IN_DETAIL,
        "contenders": sheet.contenders(labels, these, who, found),
        "pairs": sheet.pairs(labels, found) if 2 < len(these) <= MOST_IN_DETAIL else None,
        "measures": sheet.measures(labels, found) if found.views else None,
        "entries": sheet.entries(labels, found) if found.entries else None,
        "entries_why": found.entries_why,
        "drawings": sheet.figures(labels, who, found),
        "captions": sheet.captions(labels, found),
        "score_name": score_name(view),
        "replicates": plan.replicates,
    }


def _whole(plan: Plan, asked: Asked, these: Sequence[Option], there: Sequence[Option]) -> dict[str, Any]:
    usual = [one.token for one in there if one.is_newest and one.kind not in NOT_RANKED]
    every = asked.with_models(*usual).query() if 2 < len(usual) <= MOST else ""
    return {
        "track": plan.track,
        "asked": asked,
        "these": list(zip(these, comparing.labels(these), strict=True)),
        "query": asked.query(),
        "metrics": metrics(asked, plan.views),
        "targets": targets(asked, plan.views),
        "others": _options([one for one in there if one not in these]),
        "more": range(1 if these else 2),
        "every": every,
        "n_every": len(usual),
        "most": MOST,
        "most_in_detail": MOST_IN_DETAIL,
    }


def _options(there: Sequence[Option]) -> SafeString:
    """What may be added, as the options of a list: there may be hundreds."""
    named = ((one.token, one.label, " · ".join(filter(None, (one.kind, one.team)))) for one in there)
    return format_html_join("\n", '<option value="{}">{} ({})</option>', named)


def _refused(request: HttpRequest, track: Track, there: Sequence[Option], refused: Exception) -> HttpResponse:
    """What was asked for is said to be wrong above the form, which keeps those that there are."""
    if request.GET.get("figure"):
        raise Http404("There is no such comparison.")
    plan = Plan(track)
    why, status, these = str(refused), 400, []
    if isinstance(refused, UnknownModelError):
        why = f"On this track no published model is called {refused.args[0][:100]}; it may have been withdrawn."
        asked_of, status = Asked.read(request.GET).models, 404
        these = [one for one in there if one.token in asked_of and one.token != refused.args[0]]
    tokens = tuple(one.token for one in these)
    asked = Asked(track.slug, tokens, str(plan.views[0].measure), plan.views[0].target)
    context = _whole(plan, asked, these, there) | {"refused": why}
    return render(request, "compare/compare.html", context, status=status)
