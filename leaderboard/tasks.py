"""Celery's doors: each calls one function."""

from celery import shared_task

from leaderboard.hosting.advance import advance


@shared_task(name="leaderboard.tick")
def tick() -> None:
    """Move everything that waits for nobody, and give up what has been silent for too long."""
    advance()
