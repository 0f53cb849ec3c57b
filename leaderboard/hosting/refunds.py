"""What attempts cost, and what is given back of it."""

from leaderboard.models import Attempt, Refund, Stage
from leaderboard.states import AttemptState


def refund() -> None:
    """Once for each attempt that failed by our fault, however often this runs."""
    lost = Attempt.objects.filter(state=AttemptState.GIVEN_UP, refund=None).prefetch_related("stages")
    Refund.objects.bulk_create(
        [Refund(attempt=attempt, cpu_s=sum(map(cpu_s, attempt.stages.all()))) for attempt in lost],
        ignore_conflicts=True,
    )


def cpu_s(stage: Stage) -> float:
    """As it was measured; its wall time where the host cannot measure it."""
    if stage.ending is None:
        return 0.0
    measured = stage.ending["peaks"]["cpu_s"]
    return float(stage.ending["wall_s"] if measured is None else measured)
