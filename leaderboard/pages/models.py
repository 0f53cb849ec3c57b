"""The page of a model: its G, how sure it is, and how it was run."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.models import Model, Submission
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.figures import metric_name
from leaderboard.pages.model_record import machines, seeds, uses
from leaderboard.pages.model_sheet import entry_rows, grid, headline, metrics_of
from leaderboard.reads.models import published_models
from leaderboard.reads.sheets import card_of, card_stamp, record_of, was_published


@require_safe
def model(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = published_models().filter(slug=slug).first()
    if found is None:
        return _not_there(request, slug)
    versions: list[Submission] = found.published_versions  # type: ignore[attr-defined]  # prefetched
    version = _asked_version(request, versions)
    tag = page_tag(request, request.GET.urlencode(), card_stamp(version), *_texts(found, versions))
    if answer := ready(request, tag):
        return answer
    context = {"model": found, "versions": versions, "version": version, "track": version.track}
    return keep(request, render(request, "models/model.html", context | _scores(request, version)), tag)


def _not_there(request: HttpRequest, slug: str) -> HttpResponse:
    if not was_published(slug):
        raise Http404("There is no published model of this name.")
    return render(request, "models/withdrawn.html", status=410)


def _texts(of: Model, versions: list[Submission]) -> list[str]:
    """All that the page says besides the card and the record, which come together."""
    said = [of.name, of.kind, of.team.name, of.description, of.citation, of.code_url, of.licence]
    return said + [f"{one.pk} {one.track.title} {one.image_id} {one.note}" for one in versions]


def _asked_version(request: HttpRequest, versions: list[Submission]) -> Submission:
    asked = request.GET.get("version", "")
    found = versions[0] if not asked else next((one for one in versions if str(one.version) == asked), None)
    if found is None:
        raise Http404("This model has no such published version.")
    return found


def _scores(request: HttpRequest, version: Submission) -> dict[str, object]:
    found = card_of(version)
    if found is None:
        return {}
    offered = metrics_of(found.card)
    metric = request.GET.get("metric") or (offered[0] if offered else "")
    if metric not in offered:
        if request.GET.get("metric"):
            raise Http404("This model has no matrix of this metric.")
        return _record(found.evaluation)
    return {
        "grid": grid(found.card, metric),
        "entries": entry_rows(found.card, metric),
        "headline": headline(found.summary),
        "metrics": [(name, metric_name(name), name == metric) for name in offered],
        "scheme": found.card["scheme"],
        "splits": found.card["splits"],
    } | _record(found.evaluation)


def _record(evaluation: int) -> dict[str, object]:
    record = record_of(evaluation)
    return {"record": record, "uses": uses(record), "seeds": seeds(record), "machines": machines(record)}
