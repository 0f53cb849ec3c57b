"""Pages that may be kept: one tag for what a page says and for whom, the same for browsers and for this process."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag

MOST_KEPT_BYTES = 32 << 20
_kept: dict[str, bytes] = {}  # pages for strangers by their tag, the oldest first


def page_tag(request: HttpRequest, *parts: str) -> str | None:
    """None where the page has a message to show once: such a page is not kept."""
    if len(get_messages(request)):
        return None
    who = f"{request.user.pk} {request.user}" if request.user.is_authenticated else ""
    text = "\0".join((_frame(), str(settings.DEMONSTRATION), who, request.path, *parts))
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


def ready(request: HttpRequest, tag: str | None) -> HttpResponseBase | None:
    """A 304 where the browser has the page of this tag, or the page where we have it."""
    if tag is None:
        return None
    page = _kept.get(tag)
    answer = get_conditional_response(request, etag=tag, response=HttpResponse(page) if page else None)
    return tagged(answer, tag) if answer else None


def keep(request: HttpRequest, response: HttpResponse, tag: str | None) -> HttpResponseBase:
    """Strangers all see the same page; those of people are theirs alone."""
    if tag and not request.user.is_authenticated:
        _kept[tag] = response.content
        while sum(map(len, list(_kept.values()))) > MOST_KEPT_BYTES:
            _kept.pop(next(iter(_kept)), None)
    return tagged(response, tag)


def tagged(response: HttpResponseBase, tag: str | None) -> HttpResponseBase:
    """For a page that is not kept here: it is one of very many."""
    if tag:
        response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response


@cache
def _frame() -> str:
    """When the pages themselves were last changed."""
    templates = Path(settings.BASE_DIR, "leaderboard", "templates")
    return str(max(file.stat().st_mtime_ns for file in templates.rglob("*.html")))
