"""The operators' site: Django's admin, whose first page says what is stuck, why, and what helps."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path


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
