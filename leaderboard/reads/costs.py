"""What teams used: processor and GPU hours by team, track and month, with what was given back beside it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth

from leaderboard.hosting.refunds import cpu_s
from leaderboard.models import Refund, Stage

HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of a team on a track in a month. `cpu_h` is all that was used; what failed by our fault is refunded of it."""

    team: str
    track: str
    month: date
    submissions: int
    cpu_h: float
    gpu_h: float
    refunded_cpu_h: float

    @property
    def charged_cpu_h(self) -> float:
        return self.cpu_h - self.refunded_cpu_h


def costs(*, since: datetime | None = None) -> list[Cost]:
    """Two queries. Months are of UTC, newest first, and the month is that in which a stage ended."""
    run = "attempt__run"
    ended = Stage.objects.exclude(ended_at=None)
    if since is not None:
        ended = ended.filter(ended_at__gte=since)
    by = {"team": F(f"{run}__team__name"), "track": F(f"{run}__submission__track__title")}
    used = (
        ended.annotate(month=TruncMonth("ended_at"), **by)
        .values("team", "track", "month")
        .annotate(n=Count(f"{run}__submission", distinct=True), cpu=Sum(cpu_s()), gpu=Sum("gpu_s"))
    )
    given = Refund.objects.filter(Q(attempt__ended_at__gte=since) if since else Q())
    refunds = given.annotate(month=TruncMonth("attempt__ended_at"), **by).values("team", "track", "month")
    back = {(r["team"], r["track"], r["month"]): r["s"] for r in refunds.annotate(s=Sum("cpu_s"))}
    found = [
        Cost(
            team=row["team"],
            track=row["track"],
            month=row["month"].date(),
            submissions=row["n"],
            cpu_h=(row["cpu"] or 0.0) / HOUR_S,
            gpu_h=(row["gpu"] or 0.0) / HOUR_S,
            refunded_cpu_h=back.get((row["team"], row["track"], row["month"]), 0.0) / HOUR_S,
        )
        for row in used
    ]
    return sorted(found, key=lambda cost: (-cost.month.toordinal(), cost.team, cost.track))
