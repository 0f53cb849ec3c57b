"""The operators' site: Django's admin, whose first page says what is stuck, why, and what helps."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class Admin(AdminConfig):
    default_site = "leaderboard.admin_site.Operators"


class Operators(admin.AdminSite):
    site_header = site_title = "Holdout, for operators"
    index_title = "What is stuck"
    enable_nav_sidebar = False
    index_template = "admin/holdout/standing.html"

    def get_urls(self) -> list[URLResolver | URLPattern]:
        ours = [
            path("cost/", self.admin_view(self.cost), name="cost"),
            path("cost.csv", self.admin_view(self.cost_csv), name="cost_csv"),
        ]
        return [*ours, *super().get_urls()]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """All that is asked here comes through it."""

        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _has_nul(request):
                raise BadRequest("The address or the form has a NUL character.")
            return view(request, *args, **kwargs)

        return super().admin_view(cast("View", update_wrapper(door, view)), cacheable)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from leaderboard.admin import standing

        return super().index(request, (extra_context or {}) | {"standing": standing.page(request)})

    def cost(self, request: HttpRequest) -> HttpResponse:
        from leaderboard.admin import costs

        page = self.each_context(request) | costs.page(request)
        return TemplateResponse(request, "admin/holdout/cost.html", page)

    def cost_csv(self, request: HttpRequest) -> HttpResponse:
        from leaderboard.admin import costs

        return costs.as_csv(request)


def _has_nul(request: HttpRequest) -> bool:
    """PostgreSQL has none in texts: a filter, a search or a reason with one would end as a failure of ours."""
    fields = [*request.GET.lists(), *request.POST.lists()]
    return "\0" in request.path or any("\0" in text for name, texts in fields for text in (name, *texts))
