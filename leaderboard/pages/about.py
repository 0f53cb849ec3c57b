"""How it works, on one page."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.pages.conditional import keep, page_tag, ready


@require_safe
def about(request: HttpRequest) -> HttpResponseBase:
    tag = page_tag(request)
    if answer := ready(request, tag):
        return answer
    return keep(request, render(request, "about/about.html"), tag)
