"""How it works: a page for people, and the documents behind it."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from leaderboard.pages.conditional import keep, page_tag, ready
from leaderboard.pages.guide import Guide, guides

GROUPS = (
    ("To take part", ("quickstart-participants", "contract", "rules", "api")),
    ("To read the numbers", ("statistics", "releases", "reference-results")),
    ("To bring data", ("quickstart-curators", "curators", "keys")),
    ("To run a board", ("quickstart-operators", "settings", "operating")),
)
"""What is in none of them comes last."""


@require_safe
def how(request: HttpRequest) -> HttpResponseBase:
    groups = _groups()
    tag = page_tag(request, *(guide.title + guide.lead for _, listed in groups for guide in listed))
    if answer := ready(request, tag):
        return answer
    return keep(request, render(request, "how/how.html", {"groups": groups}), tag)


@require_safe
def how_page(request: HttpRequest, name: str) -> HttpResponseBase:
    found = guides().get(name)
    if found is None:
        raise Http404("There is no such document.")
    tag = page_tag(request, found.html)
    if answer := ready(request, tag):
        return answer
    return keep(request, render(request, "how/page.html", {"guide": found}), tag)


@require_safe
def about(_request: HttpRequest) -> HttpResponse:
    """Where it stood before; browsers carry the part after # over."""
    return HttpResponsePermanentRedirect(reverse("how"))


def _groups() -> list[tuple[str, list[Guide]]]:
    there = guides()
    named = {name for _, names in GROUPS for name in names}
    groups = [(title, [there[name] for name in names if name in there]) for title, names in GROUPS]
    rest = [guide for name, guide in there.items() if name not in named]
    return [*groups, ("More", rest)] if rest else groups
