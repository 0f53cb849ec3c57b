"""What a model's page is made of: the card of one published version, and the record of how it was run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Func, Max, Q, QuerySet, Sum, Value
from django.db.models.fields.json import JSONField, KeyTextTransform, KeyTransform
from django.db.models.functions import Cast

from leaderboard.models import Host, Run, Scorecard, Stage, Submission
from leaderboard.states import AttemptState, Purpose, SubmissionState


@dataclass(frozen=True, slots=True)
class Card:
    """`card` lacks the scores of single files, which are most of it."""

    card: dict[str, Any]
    summary: dict[str, Any]
    evaluation: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class StageUse:
    """What the finished stages of one kind took, as measured outside of them."""

    kind: str
    n: int
    wall_s: float | None
    cpu_s: float | None
    most_memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Record:
    runs: list[tuple[str, str, int, int]]  # arm, source, split, seed
    repeated: int  # attempts that failed by our fault and were made again
    stages: list[StageUse]
    machines: list[dict[str, Any]]


def card_stamp(submission: Submission) -> str:
    """Changes when what is known of a version does."""
    found = Scorecard.objects.filter(evaluation__submission=submission).values_list("computed_at", flat=True)
    return str(found.order_by("-computed_at").first())


def card_of(submission: Submission) -> Card | None:
    without_files = Func(
        F("card"), Value("files"), template="(%(expressions)s)", arg_joiner=" - ", output_field=JSONField()
    )
    found = Scorecard.objects.filter(evaluation__submission=submission, evaluation__track=submission.track_id)
    row = found.order_by("-computed_at").values_list(without_files, "summary", "evaluation_id", "computed_at").first()
    return None if row is None else Card(*row)


def record_of(evaluation: int) -> Record:
    runs = Run.objects.filter(evaluation=evaluation, purpose=Purpose.TRACK)
    repeated = Q(attempts__state=AttemptState.GIVEN_UP)
    done = Stage.objects.filter(
        attempt__run__evaluation=evaluation, attempt__state=AttemptState.DONE, ending__isnull=False
    )
    return Record(
        runs=sorted(runs.values_list("spec__arm", "spec__source", "spec__split", "spec__seed")),
        repeated=runs.aggregate(n=Count("attempts", repeated))["n"],
        stages=[StageUse(**row) for row in _uses(done)],
        machines=list(
            Host.objects.filter(attempts__run__evaluation=evaluation, attempts__state=AttemptState.DONE)
            .order_by("record")
            .values_list("record", flat=True)
            .distinct()
        ),
    )


def _uses(done: QuerySet[Stage]) -> Iterable[Mapping[str, Any]]:
    def number(*path: str) -> Cast:
        *outer, last = path
        found: Any = "ending"
        for name in outer:
            found = KeyTransform(name, found)
        return Cast(KeyTextTransform(last, found), FloatField())

    return (
        done.values("kind")
        .annotate(
            n=Count("id"),
            wall_s=Sum(number("wall_s")),
            cpu_s=Sum(number("peaks", "cpu_s")),
            most_memory_mb=Max(number("peaks", "memory_mb")),
        )
        .order_by("-kind")
    )


def was_published(slug: str) -> bool:
    """Of a model that nothing is left of but versions that its team withdrew."""
    return Submission.objects.filter(
        model__slug=slug, state=SubmissionState.WITHDRAWN, published_at__isnull=False
    ).exists()
