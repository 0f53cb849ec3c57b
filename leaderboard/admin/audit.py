"""The audit, to search and to read. Nobody changes it: the database refuses."""

from django.contrib import admin
from django.http import HttpRequest

from leaderboard.admin.rows import Rows
from leaderboard.models import Act


@admin.register(Act)
class ActRows(Rows):
    list_display = ("when", "who", "what", "kind", "name", "address", "request_id")
    list_filter = ("what", "kind", "at")
    search_fields = ("who", "what", "name", "row", "request_id", "address")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")

    @admin.display(ordering="at", description="when (UTC)")
    def when(self, act: Act) -> str:
        return f"{act.at:%Y-%m-%d %H:%M:%S}"

    def has_change_permission(self, _request: HttpRequest, _row: Act | None = None) -> bool:
        return False
