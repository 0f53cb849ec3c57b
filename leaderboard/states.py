"""The closed sets of states, and which may follow which. A state is moved by a guarded update, never assigned."""

from django.db.models import TextChoices


class SubmissionState(TextChoices):
    RECEIVED = "received"
    CHECKING = "checking"  # the image's rules
    SMOKE = "smoke"  # both stages on the smoke release, full logs
    QUEUED = "queued"
    RUNNING = "running"
    SCORING = "scoring"
    PUBLISHED = "published"
    REJECTED = "rejected"  # theirs: by a check or the smoke run; costs nothing of a quota
    FAILED = "failed"  # theirs: in the evaluation
    WAITING = "waiting"  # ours: a person of ours has to look; nothing is lost and nothing counted
    WITHDRAWN = "withdrawn"


S = SubmissionState
FOLLOWS: dict[SubmissionState, frozenset[SubmissionState]] = {
    S.RECEIVED: frozenset({S.CHECKING, S.WAITING, S.WITHDRAWN}),
    S.CHECKING: frozenset({S.SMOKE, S.REJECTED, S.WAITING, S.WITHDRAWN}),
    S.SMOKE: frozenset({S.QUEUED, S.REJECTED, S.WAITING, S.WITHDRAWN}),
    S.QUEUED: frozenset({S.RUNNING, S.WAITING, S.WITHDRAWN}),
    S.RUNNING: frozenset({S.SCORING, S.FAILED, S.WAITING, S.WITHDRAWN}),
    S.SCORING: frozenset({S.PUBLISHED, S.WAITING, S.WITHDRAWN}),
    S.WAITING: frozenset({S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING, S.SCORING, S.WITHDRAWN}),
    S.PUBLISHED: frozenset({S.WITHDRAWN}),
    S.REJECTED: frozenset(),
    S.FAILED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
ENDED = frozenset({S.PUBLISHED, S.REJECTED, S.FAILED, S.WITHDRAWN})
ACTIVE = frozenset(S) - ENDED


class Purpose(TextChoices):
    """What a run is for; one of CHECK has an image stage alone."""

    CHECK = "check"
    SMOKE = "smoke"
    TRACK = "track"
    SEALED = "sealed"  # trained again from the record, then asked about a sealed study


class RunState(TextChoices):
    QUEUED = "queued"
    RUNNING = "running"  # has an open attempt
    DONE = "done"
    FAILED = "failed"  # theirs
    PARKED = "parked"  # ours, three times: an operator decides
    STOPPED = "stopped"  # its submission was withdrawn or has failed


class AttemptState(TextChoices):
    OPEN = "open"  # a host holds its lease
    DONE = "done"
    FAILED = "failed"  # theirs
    GIVEN_UP = "given up"  # ours: the host was silent, or its sandbox failed; whatever it says later is ignored
    STOPPED = "stopped"


class StageState(TextChoices):
    WAITING = "waiting"  # for the stage before it, or for room on the host
    WANTED = "wanted"
    ENDED = "ended"


class StudyState(TextChoices):
    """The life of a sealed study. Each step is proposed by one curator and confirmed by another."""

    DRAFT = "draft"
    SEALED = "sealed"  # its commitment is public
    LIVE = "live"
    FROZEN = "frozen"  # nothing more is scored on it; all that was scored may be told
    RETIRED = "retired"
    RELEASED = "released"  # answers and salt are public
