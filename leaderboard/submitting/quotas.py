"""How much of a track a team may use, each day and at once.

What counts is what was sent today and is not known to be free: a rejected check or smoke run, one that waits for us,
and one withdrawn before a host of ours did anything for it in the track cost nothing. Days are of UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from leaderboard.models import Attempt, Submission, Team, TeamQuota, Track
from leaderboard.states import ACTIVE, AttemptState, Purpose, SubmissionState
from leaderboard.submitting.errors import Refused

UNDER_WAY = ACTIVE - {SubmissionState.WAITING}
TRIES = 4
"""For each submission that a team may have counted in a day, so many may be sent, whatever becomes of them: what costs
a team nothing still takes hosts' time from others, and checks and smoke runs come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    per_day: int
    used_today: int
    sent_today: int  # counted or not
    at_once: int
    under_way: int
    resets_at: datetime

    @property
    def left_today(self) -> int:
        return max(0, self.per_day - self.used_today)

    @property
    def left_at_once(self) -> int:
        return max(0, self.at_once - self.under_way)

    @property
    def left(self) -> int:
        """How many may be sent now."""
        return min(self.left_today, self.left_at_once)


def left(team: Team, track: Track, *, exactly: bool = True) -> Quota:
    """Not `exactly`, all that was sent today is taken to count where even that leaves some: which of it does is the
    longest of the questions."""
    today = _today()
    sent = Submission.objects.filter(model__team=team, track=track)
    was_today = Q(created_at__gte=today)
    counts = sent.aggregate(
        sent_today=Count("pk", filter=was_today), under_way=Count("pk", filter=Q(state__in=UNDER_WAY))
    )
    own = TeamQuota.objects.filter(team=team, track=track).first() or TeamQuota()
    per_day = track.per_day if own.per_day is None else own.per_day
    at_once = track.at_once if own.at_once is None else own.at_once
    used = counts["sent_today"]
    if used and (exactly or used >= per_day):
        used = counted(sent.filter(was_today)).count()
    return Quota(per_day=per_day, used_today=used, at_once=at_once, resets_at=today + timedelta(days=1), **counts)


def counted(sent: QuerySet[Submission]) -> QuerySet[Submission]:
    """Of these, what counts."""
    return sent.exclude(_costs_nothing())


def _costs_nothing() -> Q:
    """An attempt that failed by our fault is none."""
    begun = Attempt.objects.filter(run__submission=OuterRef("pk"), run__purpose=Purpose.TRACK).exclude(
        state=AttemptState.GIVEN_UP
    )
    free = Q(state__in=(SubmissionState.REJECTED, SubmissionState.WAITING)) | Q(is_free=True)
    return free | (Q(state=SubmissionState.WITHDRAWN, deleted_at=None) & ~Q(Exists(begun)))


def demand(team: Team, track: Track) -> None:
    """Refuse what would be too much. Two at once are told apart by their caller's lock on the team's row."""
    quota = left(team, track, exactly=False)
    if not quota.left_today:
        sentence = f"{team.name} has sent {quota.used_today} of {quota.per_day} submissions to {track.title} today."
        remedy = f"Send it after {quota.resets_at:%Y-%m-%d %H:%M} UTC."
        raise Refused("quota_day", sentence, remedy, "track", 429)
    if not quota.left_at_once:
        sentence = (
            f"{team.name} has {quota.under_way} submissions to {track.title} under way; {quota.at_once} are allowed."
        )
        raise Refused("quota_at_once", sentence, "Wait until one has ended, or withdraw one.", "track", 429)
    if quota.sent_today >= TRIES * quota.per_day:
        sentence = (
            f"{team.name} has sent {quota.sent_today} submissions to {track.title} today, "
            "rejected and withdrawn ones included."
        )
        remedy = f"Try the next with `holdout check` first, and send it after {quota.resets_at:%Y-%m-%d %H:%M} UTC."
        raise Refused("quota_tries", sentence, remedy, "track", 429)


def _today() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
