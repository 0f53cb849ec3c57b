"""Models as everybody sees them: with their published versions alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from leaderboard.models import Model, Scorecard, Submission
from leaderboard.states import SubmissionState

PRIMARY = "primary/"


@dataclass(frozen=True, slots=True)
class Version:
    """What was published once. `evaluation`, `computed_at`, `primary`, an interval, and `changes` are of its scores."""

    submission: Submission
    evaluation: int | None
    computed_at: datetime | None
    primary: dict[str, Any] | None
    changes: Sequence[dict[str, Any]]

    @property
    def number(self) -> int:
        return self.submission.version

    @property
    def is_withdrawn(self) -> bool:
        return bool(self.submission.state == SubmissionState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Shown:
    """A model of which something was published; its versions newest first, withdrawn ones among them."""

    model: Model
    versions: Sequence[Version]

    @property
    def published(self) -> list[Version]:
        return [one for one in self.versions if not one.is_withdrawn]

    @property
    def name_left(self) -> str:
        """Empty where its team deleted all of it with its data: then its name goes too."""
        return "" if all(one.submission.deleted_at for one in self.versions) else self.model.name

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


def published_models() -> QuerySet[Model]:
    """Each with `published_versions`, newest first."""
    published = Submission.objects.filter(state=SubmissionState.PUBLISHED)
    return (
        Model.objects.filter(Exists(published.filter(model=OuterRef("pk"))))
        .select_related("team")
        .prefetch_related(
            Prefetch(
                "submissions", published.select_related("track").order_by("-version"), to_attr="published_versions"
            )
        )
        .order_by("name", "id")
    )


def shown_model(slug: str) -> Shown | None:
    """None where nothing of a model was ever published: it is not there for anybody."""
    model = Model.objects.select_related("team").filter(slug=slug).first()
    if model is None:
        return None
    was_published = Q(state=SubmissionState.PUBLISHED) | Q(state=SubmissionState.WITHDRAWN, published_at__isnull=False)
    submissions = model.submissions.filter(was_published).select_related("track__release").order_by("-version")
    scores = {
        row[0]: row[1:]
        for row in Scorecard.objects.filter(
            evaluation__submission__in=submissions.values("pk"), evaluation__study=None
        ).values_list(
            "evaluation__submission_id",
            "evaluation_id",
            "computed_at",
            KeyTransform(PRIMARY, KeyTransform("intervals", "summary")),
            "changes",
        )
    }
    versions = [Version(one, *scores.get(one.pk, (None, None, None, ()))) for one in submissions]
    return Shown(model, versions) if versions else None
