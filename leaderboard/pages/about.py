"""How it works, on one page."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.pages.conditional import is_asked, page_tag, tagged, unchanged


@require_safe
def about(request: HttpRequest) -> HttpResponseBase:
    tag = page_tag(request)
    if is_asked(request) and (answer := unchanged(request, tag)):
        return answer
    return tagged(render(request, "about/about.html"), tag)
