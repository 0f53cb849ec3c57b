"""The page of costs, and the same as a file."""

import csv
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from leaderboard.reads.costs import Cost, costs

MONTHS = 12
COLUMNS = ("month", "team", "track", "submissions", "cpu_h", "gpu_h", "refunded_cpu_h", "charged_cpu_h")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run a team's name that begins so."""


def page(_request: HttpRequest) -> dict[str, Any]:
    rows = [(cost, *(f"{hours:,.2f}" for hours in _hours(cost))) for cost in costs(since=_since())]
    return {"title": "Cost by team", "rows": rows, "months": MONTHS}


def as_csv(_request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="holdout-cost.csv"'
    lines = csv.writer(answer)
    lines.writerow(COLUMNS)
    for cost in costs(since=_since()):
        names = (_plain(cost.team), _plain(cost.track))
        lines.writerow((f"{cost.month:%Y-%m}", *names, cost.submissions, *(f"{hours:.4f}" for hours in _hours(cost))))
    return answer


def _hours(cost: Cost) -> tuple[float, float, float, float]:
    return cost.cpu_h, cost.gpu_h, cost.refunded_cpu_h, cost.charged_cpu_h


def _plain(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA) else name


def _since() -> datetime:
    """The first day of the month a year ago."""
    now = timezone.now()
    return now.replace(year=now.year - 1, day=1, hour=0, minute=0, second=0, microsecond=0)
