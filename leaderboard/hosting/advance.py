"""The tick: moves every submission on that waits for nobody, and gives up what has been silent for too long.

Each step is a transaction of its own under one row's lock, so two ticks at once, or one that dies, do no harm.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now

from evaluator import logs
from leaderboard.hosting import refunds, verdicts, work
from leaderboard.hosting.decision import give_up
from leaderboard.hosting.moves import PURPOSE, Tally, next_state
from leaderboard.hosting.rows import end_attempts, held
from leaderboard.hosting.scoring import hand_over
from leaderboard.models import Host, Run, Submission
from leaderboard.sealed import evaluating, life
from leaderboard.states import ACTIVE, AttemptState, Purpose, RunState, SubmissionState

S = SubmissionState
log = logging.getLogger(__name__)


def advance() -> None:
    """Safe to run twice at the same time, and again after it died anywhere."""
    _each("silent hosts", give_up_silent)
    for submission, state in due():
        _each(f"submission {submission} to {state}", lambda submission=submission: move(submission))
    _each("scoring", hand_over)
    _each("sealed studies", evaluating.advance)
    _each("steps of studies", life.lapse)
    _each("refunds", refunds.refund)


def _each(what: str, step: Callable[..., object]) -> None:
    try:
        step()
    except Exception:
        # The outermost door of each step: one submission's trouble must not stop the others. The next tick tries again.
        log.exception("%s: this step failed", what)


def give_up_silent() -> None:
    """The attempts on hosts whose lease is over. Whatever such a host says later of them is ignored."""
    too_old = Now() - timedelta(seconds=settings.LEASE_S)
    silent = Host.objects.filter(reported_at__lt=too_old)
    for pk in silent.filter(attempts__state=AttemptState.OPEN).distinct().values_list("pk", flat=True):
        with transaction.atomic():
            # One that is locked is reporting at this moment.
            host = silent.select_for_update(skip_locked=True).annotate(now=Now()).filter(pk=pk).first()
            if host is not None:
                reason = f"{host.name} was silent for {settings.LEASE_S} s"
                end_attempts([give_up(attempt, host.pk, reason) for attempt in held(host, host.now)])


def due() -> list[tuple[UUID, SubmissionState]]:
    """The submissions that a step can move on, and where to."""
    rows = Submission.objects.filter(state__in=ACTIVE).annotate(age=Now() - F("state_since"))
    active = list(rows.order_by("state_since").values_list("pk", "state", "age"))
    tallies = _tallies({pk: SubmissionState(state) for pk, state, _ in active})
    moves = [(pk, next_state(SubmissionState(state), tallies[pk], age.total_seconds())) for pk, state, age in active]
    return [(pk, state) for pk, state in moves if state is not None]


def _tallies(states: Mapping[UUID, SubmissionState]) -> Mapping[UUID, Tally]:
    counts: dict[UUID, dict[RunState, int]] = defaultdict(dict)
    begun: set[UUID] = set()
    rows = Run.objects.filter(submission__in=list(states)).values_list("submission", "purpose", "state")
    for pk, purpose, state, n in rows.annotate(n=Count("id")):
        if PURPOSE.get(states[pk]) == purpose:
            counts[pk][RunState(state)] = n
    queued = [pk for pk, state in states.items() if state is S.QUEUED]
    if queued:
        tried = Run.objects.filter(submission__in=queued, purpose=Purpose.TRACK, attempts__isnull=False)
        begun = set(tried.values_list("submission", flat=True).distinct())
    return defaultdict(Tally, {pk: Tally(counts[pk], pk in begun) for pk in states})


def move(pk: UUID) -> None:
    """Look again under the submission's lock, and take the step that is due."""
    with transaction.atomic():
        rows = Submission.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
            "model", "track__release", "track__smoke_release", "upload"
        )
        submission = rows.annotate(age=Now() - F("state_since")).filter(pk=pk).first()
        if submission is None:
            return
        state = SubmissionState(submission.state)
        following = next_state(state, _tallies({pk: state})[pk], submission.age.total_seconds())
        if following is not None:
            with logs.tracing(submission.request_id):
                _take(submission, state, following)


def _take(submission: Submission, state: SubmissionState, following: SubmissionState) -> None:
    log.info("submission %s: %s → %s", submission.pk, state, following)
    if state is S.WAITING:
        return work.release(submission)
    changes: dict[str, object] = {}
    if (state, following) == (S.CHECKING, S.WAITING) and (theirs := verdicts.of_archive(submission)):
        following, changes = S.REJECTED, theirs
    match following:
        case S.CHECKING:
            work.begin_check(submission)
        case S.SMOKE:
            changes["image_id"] = submission.image_id = verdicts.image_found(submission)
            work.begin_smoke(submission)
        case S.QUEUED:
            work.begin_evaluation(submission)
        case S.FAILED | S.REJECTED:
            work.stop(submission)
            changes = changes or verdicts.of_failure(submission)
        case S.WAITING:
            changes |= verdicts.of_waiting(submission)
            log.error("submission %s waits for an operator: %s", submission.pk, changes)
    Submission.objects.filter(pk=submission.pk, state=state).update(state=following, state_since=Now(), **changes)
    return None
