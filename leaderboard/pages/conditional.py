"""Pages that a browser may keep and ask about: one ETag for what a page says and for whom."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag


def page_tag(request: HttpRequest, *parts: str) -> str | None:
    """None where the page has a message to show once: such a page is not kept."""
    if len(get_messages(request)):
        return None
    who = f"{request.user.pk} {request.user}" if request.user.is_authenticated else ""
    text = "\0".join((_frame(), str(settings.DEMONSTRATION), who, request.path, *parts))
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


def is_asked(request: HttpRequest) -> bool:
    return "HTTP_IF_NONE_MATCH" in request.META


def unchanged(request: HttpRequest, tag: str | None) -> HttpResponseBase | None:
    """A 304, where the browser has the page of this tag."""
    answer = get_conditional_response(request, etag=tag) if tag else None
    return tagged(answer, tag) if answer else None


def tagged(response: HttpResponseBase, tag: str | None) -> HttpResponseBase:
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
