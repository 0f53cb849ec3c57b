"""Models as everybody sees them: with their published versions alone."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from leaderboard.models import Model, Submission
from leaderboard.states import SubmissionState


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
