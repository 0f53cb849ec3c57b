"""Pages for what went wrong before or beside a view: they ask neither the database nor the request for anything."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    return _page("400.html", 400)


def server_error(_request: HttpRequest) -> HttpResponse:
    return _page("500.html", 500)


def _page(template: str, status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template, {"is_demonstration": settings.DEMONSTRATION}), status=status)
