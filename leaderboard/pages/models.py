"""The pages of a model: its newest version, each version for ever, and one entry of G by drug or by mechanism."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_safe

from leaderboard.pages.citing import bibtex
from leaderboard.pages.conditional import keep, page_tag, ready, tagged
from leaderboard.pages.exported import exported
from leaderboard.pages.figures import metric_name
from leaderboard.pages.model_asked import asked, asked_entry
from leaderboard.pages.model_page import about, drawings, scores
from leaderboard.pages.model_parts import table
from leaderboard.pages.model_sheet import entry_rows
from leaderboard.reads.models import Shown, Version, shown_model
from leaderboard.reads.places import board_stamp
from leaderboard.reads.sheets import card_of, entries_with_scores, entry_scores

NOUNS = {"drug": "Drug", "mechanism": "Mechanism"}
ENTRY_TABLES = (("skill", "Skill"), ("gap", "Gap"), ("alarm", "Memory alarm"))


@require_safe
def model(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = _found(slug)
    if not found.published:
        return _withdrawn(request, found)
    if number := request.GET.get("version", ""):  # as links were before versions had addresses
        version = next((one for one in found.published if str(one.number) == number), None)
        if version is None:
            raise Http404("This model has no such published version.")
        return redirect("model_version", slug, version.number, permanent=True)
    return _page(request, found, found.published[0])


@require_safe
def version(request: HttpRequest, slug: str, version: int) -> HttpResponseBase:
    found, one = _version(slug, version)
    return _withdrawn(request, found, one) if one.is_withdrawn else _page(request, found, one)


@require_safe
def parts(request: HttpRequest, slug: str, version: int, by: str) -> HttpResponseBase:
    """One entry of G by drug or by mechanism, searched, sorted and in pages."""
    found, one = _version(slug, version)
    if one.is_withdrawn:
        return _withdrawn(request, found, one)
    tag = page_tag(request, request.GET.urlencode(), str(one.computed_at), *_said(found, one))
    if answer := ready(request, tag):
        return answer
    there = entries_with_scores(one.evaluation, by) if one.evaluation else set()
    entry = asked_entry(request, _in_order(one, there))
    stored = entry and one.evaluation and entry_scores(one.evaluation, by, source=entry.source, target=entry.target)
    if entry is None or not stored:
        raise Http404("This version was not taken apart.")
    sought, sort, page = (request.GET.get(name, "") for name in ("q", "sort", "page"))
    shown = table(*stored, noun=NOUNS[by], sought=sought, sort=sort, page=page, with_drugs=by == "mechanism")
    context = {"model": found.model, "version": one, "by": by, "noun": NOUNS[by], "entry": entry, "table": shown}
    return tagged(render(request, "models/parts.html", context), tag)


@require_safe
def entries(request: HttpRequest, slug: str, version: int) -> HttpResponseBase:
    """Skill, gap and alarm of every entry of G."""
    found, one = _version(slug, version)
    if one.is_withdrawn:
        return _withdrawn(request, found, one)
    tag = page_tag(request, request.GET.urlencode(), *_said(found, one))
    if answer := ready(request, tag):
        return answer
    stored = card_of(one.submission)
    wanted = asked(request, stored.card) if stored else None
    if stored is None or wanted is None or not stored.card.get("uncertainty"):
        raise Http404("This version has no intervals.")
    context = {"model": found.model, "version": one, "asked": wanted, "metric_name": metric_name(wanted.metric)}
    context |= {"entries": entry_rows(stored.card, wanted.metric), "tables": ENTRY_TABLES}
    return tagged(render(request, "models/entries.html", context), tag)


@require_safe
def cite(request: HttpRequest, slug: str, version: int) -> HttpResponseBase:
    found, one = _version(slug, version)
    if one.is_withdrawn:
        return _withdrawn(request, found, one)
    name = get_valid_filename(f"{slug}-v{version}.bib")
    text = bibtex(found.model, one.submission, one.primary)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/x-bibtex; charset=utf-8", headers=headers)


def _page(request: HttpRequest, found: Shown, one: Version) -> HttpResponseBase:
    stamp = board_stamp(one.submission.track.slug)
    tag = page_tag(request, request.GET.urlencode(), stamp, *_said(found, one))
    if answer := ready(request, tag):
        return answer
    context = about(found, one) | scores(request, found, one, stamp=stamp)
    if figure := exported(request, drawings(context)):
        return figure
    context["canonical"] = _address(found, one)
    return keep(request, render(request, "models/model.html", context), tag)


def _address(found: Shown, one: Version) -> str:
    """The newest version is found under the model's own address; an older one is a page of its own."""
    if one == found.published[0]:
        return reverse("model", args=[found.model.slug])
    return reverse("model_version", args=[found.model.slug, one.number])


def _in_order(one: Version, there: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """As the track has its sources and targets."""
    definition = one.submission.track.definition
    order = {name: i for i, name in enumerate(dict.fromkeys((*definition["sources"], *definition["targets"])))}
    return sorted(there, key=lambda entry: [order.get(name, len(order)) for name in entry])


def _withdrawn(request: HttpRequest, found: Shown, one: Version | None = None) -> HttpResponse:
    newest = next(iter(found.published), None)
    context = {"model": found.model, "version": one, "newest": newest, "name": found.name_left}
    return render(request, "models/withdrawn.html", context, status=410)


def _found(slug: str) -> Shown:
    found = shown_model(slug)
    if found is None:
        raise Http404("There is no published model of this name.")
    return found


def _version(slug: str, number: int) -> tuple[Shown, Version]:
    found = _found(slug)
    one = found.version(number)
    if one is None:
        raise Http404("This model has no such published version.")
    return found, one


def _said(found: Shown, one: Version) -> list[str]:
    """All that the page says besides the card and the record, which come with the scores."""
    of = found.model
    said = [str(one.number), of.name, of.kind, of.team.name, of.description, of.citation, of.code_url, of.licence]
    for other in found.versions:
        sent = other.submission
        said.append(f"{sent.pk} {sent.state} {sent.track} {sent.track.release} {sent.image_id} {sent.note}")
        said.append(f"{sent.pretraining} {sent.pretrained_until}")
        said.append(f"{other.computed_at} {sent.published_at} {[change['at'] for change in other.changes]}")
    return said
