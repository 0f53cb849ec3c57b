"""Celery's doors: each calls one function."""

from celery import shared_task

from leaderboard.hosting import scoring
from leaderboard.hosting.advance import advance
from leaderboard.publishing.boards import refresh
from leaderboard.submitting import sweeping


@shared_task(name="leaderboard.tick")
def tick() -> None:
    """Move everything that waits for nobody, and give up what has been silent for too long."""
    advance()


@shared_task(name="leaderboard.score", time_limit=7200)  # of 500 files of predictions it takes minutes
def score(evaluation: int) -> None:
    """Begun again by the tick until it has been done."""
    scoring.score(evaluation)


@shared_task(name="leaderboard.boards", time_limit=1800)
def boards() -> None:
    """Write the boards that are behind what was published."""
    refresh()


@shared_task(name="leaderboard.sweep")
def sweep() -> None:
    """Remove what nobody needs any more."""
    sweeping.sweep()
