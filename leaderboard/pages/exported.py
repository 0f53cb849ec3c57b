"""A page's figures as files: `?figure=<name>` answers that one as SVG."""

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse

from leaderboard.drawing import Drawing

SVG = "image/svg+xml"


def exported(request: HttpRequest, drawings: Iterable[Drawing]) -> HttpResponse | None:
    """None where a page is asked for, and no figure of it."""
    asked = request.GET.get("figure")
    if not asked:
        return None
    found = next((drawing for drawing in drawings if drawing.name == asked), None)
    if found is None:
        raise Http404("This page has no such figure.")
    return HttpResponse(found.file(), content_type=SVG)
