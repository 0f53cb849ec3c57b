"""Releases and studies, as they were counted when they were loaded."""

from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from leaderboard.models import Release, SealedStudy
from leaderboard.pages import release_sheet as sheet
from leaderboard.pages import sealed_sheet
from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.exported import exported
from leaderboard.reads import benchmark, released_files
from leaderboard.reads import releases as stored
from leaderboard.sealed.allowed import Can, allows


@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    rows = [(row, row.summary and sheet.release_facts(row.summary)) for row in benchmark.releases()]
    return render(request, "releases/list.html", {"releases": rows})


@require_safe
def release(request: HttpRequest, release: str) -> HttpResponseBase:
    found = _found(release)
    tracks, sealed = stored.tracks_on(found), stored.sealed_on(found)
    tag = page_tag(request, _said(found), *map(repr, ((t.slug, t.title, t.is_open) for t in tracks)), _states(sealed))
    if answer := ready(request, tag):
        return answer
    context: dict[str, Any] = {
        "release": found,
        "address": _address(found),
        "tracks": tracks,
        "sealed": [sealed_sheet.line(study, _sealed_url(found, study)) for study in sealed],
    }
    if summary := found.summary:
        urls = {study["name"]: _study_url(found, study["name"]) for study in summary["studies"]}
        context |= {
            "summary": summary,
            "facts": sheet.release_facts(summary),
            "studies": sheet.studies_table(summary, urls),
            "overlaps": sheet.overlap_tables(summary),
            "tables": sheet.tables_table(summary),
            "splits": sheet.splits_table(summary["splits"]),
            "terms": sheet.terms_table(summary),
        }
    return keep(request, render(request, "releases/release.html", context), tag)


@require_safe
def study(request: HttpRequest, release: str, study: str) -> HttpResponseBase:
    found = _found(release)
    tag = page_tag(request, _said(found), request.GET.get("figure", ""))
    if answer := ready(request, tag):
        return answer
    counted = stored.study_of(found, study)
    if counted is None:
        raise Http404("This release has no such study.")
    drawn = sheet.distribution(counted, found.summary["response"])
    if file := exported(request, [drawn] if drawn else []):
        return file
    context = {
        "release": found,
        "release_url": reverse("release", args=[found.address]),
        "study": counted,
        "facts": sheet.study_facts(counted),
        "drawn": drawn,
        "splits": sheet.splits_table(found.summary["splits"], of=study),
        "mechanisms": sheet.groups_table(
            counted["mechanisms"], id="mechanisms", head="Mechanism of action", members="Drugs"
        ),
        "tissues": sheet.groups_table(counted["tissues"], id="tissues", head="Tissue", members="Cells"),
    }
    return keep(request, render(request, "releases/study.html", context), tag)


@require_safe
def sealed_study(request: HttpRequest, release: str, study: str) -> HttpResponse:
    """Counts, dates and the commitment: nothing of an answer."""
    found = _found(release)
    one = _sealed(found, study)
    names = released_files.names(one)
    context = {
        "release": found,
        "release_url": reverse("release", args=[found.address]),
        "study": one,
        "page": sealed_sheet.page(one),
        "has_scores": allows(one, Can.SHOW_SCORES),
        "files": [(name, reverse("released_file", args=[release, study, name])) for name in names],
    }
    return render(request, "releases/sealed.html", context)


@require_safe
def released_file(_request: HttpRequest, release: str, study: str, name: str) -> FileResponse:
    """Of a study that is released: its archive, its answers, their salt."""
    one = _sealed(_found(release), study)
    if name not in released_files.names(one):
        raise Http404("There is no such file of a released study.")
    return FileResponse(released_files.opened(one, name), as_attachment=True, filename=name)


def _sealed(release: Release, study: str) -> SealedStudy:
    for one in stored.sealed_on(release):
        if sealed_sheet.address(one) == study:
            return one
    raise Http404("This release has no such sealed study.")


def _found(named: str) -> Release:
    found = stored.find(named)
    if found is None:
        raise Http404("There is no such release.")
    return found


def _said(release: Release) -> str:
    """Whatever a page says of the release itself: it has another digest where it was counted anew."""
    return repr([release.name, release.version, release.release_id, release.digest])  # type: ignore[attr-defined]


def _states(studies: list[Any]) -> str:
    return repr([(study.study_id, study.state) for study in studies])


def _study_url(release: Release, name: str) -> str:
    return reverse("study", args=[release.address, name])


def _sealed_url(release: Release, study: Any) -> str:
    return reverse("sealed_study", args=[release.address, sealed_sheet.address(study)])


def _address(release: Release) -> str:
    """That stays, whatever else is loaded under this name."""
    return settings.SITE_URL + reverse("release", args=[release.release_id])
