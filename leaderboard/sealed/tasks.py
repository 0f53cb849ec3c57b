"""The doors of the scorer's queue: each takes ids alone and calls one function."""

from leaderboard.sealed import looking, reporting, resealing
from leaderboard.sealed.queue import app


@app.task(name="sealed.look")
def look() -> None:
    """Score, tell and certify whatever waits for it."""
    looking.look()


@app.task(name="sealed.report")
def report(study: int, person: int) -> None:
    """The validation report of a study, asked for by a curator."""
    reporting.report(int(study), int(person))


@app.task(name="sealed.reseal")
def reseal(study: int, person: int) -> None:
    """A study's answers encrypted to the current key."""
    resealing.reseal(int(study), int(person))
