"""What attempts cost, and what is given back of it."""

from django.db.models import Sum
from django.db.models.functions import Coalesce

from leaderboard.models import Attempt, Refund
from leaderboard.states import AttemptState


def cpu_s(stage: str = "") -> Coalesce:
    """As measured; its wall time where the host cannot measure it. `stage` is the way to the row, as `stages__`."""
    return Coalesce(f"{stage}cpu_s", f"{stage}wall_s")


def refund() -> None:
    """Once for each attempt that failed by our fault, however often this runs."""
    lost = Attempt.objects.filter(state=AttemptState.GIVEN_UP, refund=None)
    costs = lost.annotate(cost=Coalesce(Sum(cpu_s("stages__")), 0.0)).values_list("pk", "cost")
    Refund.objects.bulk_create(
        [Refund(attempt_id=attempt, cpu_s=cost) for attempt, cost in costs], ignore_conflicts=True
    )
