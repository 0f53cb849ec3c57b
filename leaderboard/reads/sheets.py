"""What a model's page is made of: the card of one published version, and the record of how it was run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, FloatField, Max, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast

from leaderboard.models import DrugList, Host, Run, Scorecard, ScorePart, Stage, Submission
from leaderboard.states import AttemptState, Purpose

DrugNames = dict[str, tuple[str, tuple[str, ...]]]
"""Name and mechanisms by a drug's id."""

DRUGS = "scorecard__evaluation__track__release__drug_list__drugs"


@dataclass(frozen=True, slots=True)
class Card:
    """`card` is evaluator.scorecard.plain.plain_card without what is kept apart; `stored_record` a Record, or empty."""

    card: dict[str, Any]
    summary: dict[str, Any]
    evaluation: int
    computed_at: datetime
    stored_record: dict[str, Any]

    @property
    def record(self) -> "Record":
        """As it was when it was scored; of rows that have none, as it is now."""
        return Record.of(self.stored_record) if self.stored_record else record_of(self.evaluation)


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

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Record":
        runs = [(arm, source, split, seed) for arm, source, split, seed in stored["runs"]]
        return cls(runs, stored["repeated"], [StageUse(**use) for use in stored["stages"]], stored["machines"])


def card_of(submission: Submission) -> Card | None:
    """Without the scores of single files, drugs and mechanisms."""
    found = Scorecard.objects.filter(
        evaluation__submission=submission, evaluation__track=submission.track_id, evaluation__study=None
    )
    columns = ("card", "summary", "evaluation_id", "computed_at", "record")
    row = found.order_by("-computed_at").values_list(*columns).first()
    return None if row is None else Card(*row)


def entry_scores(evaluation: int, by: str, *, source: str, target: str) -> tuple[dict[str, Any], DrugNames] | None:
    """One entry of G by drug or mechanism, as plain_card's breakdowns have it, and what its drugs are called."""
    found = ScorePart.objects.filter(scorecard__evaluation=evaluation, by=by, source=source, target=target)
    row = found.values_list("scores", DRUGS).first()
    return None if row is None else (row[0], _names(row[1]))


def entries_with_scores(evaluation: int, by: str) -> set[tuple[str, str]]:
    """Source and target of every entry of G that was taken apart so."""
    found = ScorePart.objects.filter(scorecard__evaluation=evaluation, by=by)
    return set(found.values_list("source", "target"))


def all_scores(evaluation: int, by: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Source, target and scores of every entry, one in memory at a time."""
    found = ScorePart.objects.filter(scorecard__evaluation=evaluation, by=by).order_by("source", "target")
    return found.values_list("source", "target", "scores").iterator(chunk_size=1)


def drug_names(release: int) -> DrugNames:
    return _names(DrugList.objects.filter(release=release).values_list("drugs", flat=True).first())


def _names(stored: Mapping[str, Any] | None) -> DrugNames:
    return {drug: (name, tuple(known)) for drug, (name, known) in (stored or {}).items()}


def record_of(evaluation: int) -> Record:
    runs = Run.objects.filter(evaluation=evaluation, purpose=Purpose.TRACK)
    counted = runs.annotate(given_up=Count("attempts", Q(attempts__state=AttemptState.GIVEN_UP)))
    rows = sorted(counted.values_list("spec__arm", "spec__source", "spec__split", "spec__seed", "given_up"))
    done = Stage.objects.filter(
        attempt__run__evaluation=evaluation, attempt__state=AttemptState.DONE, ending__isnull=False
    )
    return Record(
        runs=[row[:4] for row in rows],
        repeated=sum(row[4] for row in rows),
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
