"""Whether a score was fixed before its answers were: a pure function of dates and people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum


class Standing(StrEnum):
    PROSPECTIVE = "prospective"  # fixed before the answers were measured
    BLIND = "blind"  # fixed before anybody outside of the producer could read them
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """When each part of what made the predictions was fixed, and what might have told it the answers.

    `image` is when the digest was sent, `data` when the training data were loaded, `seeds` and `track` when their rows
    were made. `pretraining` is what its makers declare it was trained on elsewhere, with the newest date of that.
    """

    image: datetime
    data: datetime
    seeds: datetime
    track: datetime
    pretraining: str = ""
    pretrained_until: date | None = None
    shared_people: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    standing: Standing
    why: str

    @property
    def is_prospective(self) -> bool:
        return self.standing is Standing.PROSPECTIVE

    @property
    def is_blind(self) -> bool:
        """Prospective scores are blind too."""
        return self.standing is not Standing.NEITHER


def judged(fixed: Fixed, *, measured_at: date, readable_at: date) -> Judged:
    """A day counts from its first moment: what was fixed on the day of the measurement was not fixed before it."""
    if fixed.shared_people:
        both = ", ".join(fixed.shared_people)
        return Judged(Standing.NEITHER, f"{both} stood on both sides: in the team and with those who brought the study")
    if fixed.pretraining and fixed.pretrained_until is None:
        return Judged(Standing.NEITHER, "it was pretrained on data whose dates are not declared")
    parts = {
        "its image": fixed.image,
        "the training data": fixed.data,
        "its seeds": fixed.seeds,
        "the track": fixed.track,
    }
    if fixed.pretrained_until is not None:
        parts["what it was pretrained on"] = _end(fixed.pretrained_until)
    last = max(parts, key=lambda part: parts[part])
    when = f"{last}, the last part of it to be fixed, was so on {parts[last]:%Y-%m-%d}"
    if parts[last] < _start(measured_at):
        return Judged(Standing.PROSPECTIVE, f"{when}; the answers were measured from {measured_at} on")
    if parts[last] < _start(readable_at):
        return Judged(Standing.BLIND, f"{when}; nobody outside could read the answers before {readable_at}")
    return Judged(Standing.NEITHER, f"{when}; the answers could be read since {readable_at}")


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _end(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
