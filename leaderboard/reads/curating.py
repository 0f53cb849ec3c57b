"""Sealed studies as their curators see them: where each stands, what was scored on it, and who did what to it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import CharField, Count, F, Prefetch, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat

from leaderboard.models import Act, Evaluation, Opening, Person, Run, SealedScore, SealedStudy, StudyStep
from leaderboard.sealed import release
from leaderboard.states import RunState

ASKED = re.compile(r"person (\d+)(?=, by )")
"""How the scorer, which reads no people, names who asked for an opening."""
KIND = SealedStudy._meta.model_name or ""


class Entries(StrEnum):
    """What the audit can be narrowed to."""

    ALL = ""
    OPENINGS = "openings"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Trial:
    """A model on the study: `score` is what the release function lets curators see of it."""

    evaluation: Evaluation
    states: dict[str, int]
    score: SealedScore | None

    @property
    def done(self) -> int:
        return self.states.get(RunState.DONE, 0)

    @property
    def total(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    who: str
    what: str
    study: str
    why: str


def studies() -> QuerySet[SealedStudy]:
    """Newest first, each with its open step."""
    is_open = StudyStep.objects.filter(answered_at=None).select_related("proposed_by")
    rows = SealedStudy.objects.select_related("track__release", "uploaded_by", "corrects")
    return rows.prefetch_related(Prefetch("steps", queryset=is_open, to_attr="open_steps")).order_by(
        "-created_at", "-pk"
    )


def trials(study: SealedStudy) -> list[Trial]:
    """In the order that they were begun: three queries, however many there are."""
    rows = Evaluation.objects.filter(study=study).select_related("submission__model__team").order_by("pk")
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for evaluation, state, n in (
        Run.objects.filter(evaluation__study=study).values_list("evaluation", "state").annotate(n=Count("id"))
    ):
        counts[evaluation][state] = n
    scores = {score.evaluation_id: score for score in release.shown(study, curator=True)}
    return [Trial(one, counts[one.pk], scores.get(one.pk)) for one in rows]


def audit(*, study: int | None = None, kind: Entries = Entries.ALL, who: str = "") -> QuerySet[Any, Any]:
    """Openings, and acts on sealed studies, newest first; a slice of it is read from the database."""
    name = Concat(F("study__name"), Value(" "), F("study__version"), output_field=CharField())
    opened = Opening.objects.annotate(
        at=F("opened_at"), what=Value("open the answers", CharField()), name=name, said=F("why")
    )
    acts = Act.objects.filter(kind=KIND).annotate(said=Coalesce(KT("detail__why"), Value(""), output_field=TextField()))
    if study is not None:
        opened, acts = opened.filter(study=study), acts.filter(row=str(study))
    if who:
        opened, acts = opened.filter(_asked_by(who)), acts.filter(who__icontains=who)
    columns = ("at", "who", "what", "name", "said")
    narrowed = {Entries.OPENINGS: (opened,), Entries.STEPS: (acts,)}.get(kind, (opened, acts))
    first, *others = (part.order_by().values_list(*columns) for part in narrowed)
    return (first.union(*others, all=True) if others else first).order_by("-at")


def entries(rows: Iterable[Any]) -> list[Entry]:
    found = [Entry(*row) for row in rows]
    asked = {int(match[1]) for one in found if (match := ASKED.match(one.who))}
    names = {pk: email for pk, email in Person.objects.filter(pk__in=asked).values_list("pk", "email") if email}
    return [replace(one, who=ASKED.sub(lambda match: names.get(int(match[1]), match[0]), one.who)) for one in found]


def _asked_by(who: str) -> Q:
    """By what the entry says, or by the address of whoever it says asked."""
    asked = "|".join(str(pk) for pk in Person.objects.filter(email__icontains=who).values_list("pk", flat=True)[:100])
    return Q(who__icontains=who) | (Q(who__regex=f"^person ({asked}), ") if asked else Q())
