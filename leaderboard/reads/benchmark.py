"""Releases and tracks."""

from django.db.models import Count, Q, QuerySet

from leaderboard.models import Release, Track
from leaderboard.states import ACTIVE, SubmissionState


def releases() -> QuerySet[Release]:
    return Release.objects.prefetch_related("tracks").order_by("name", "-loaded_at", "id")


def tracks() -> QuerySet[Track]:
    """With `n_published` and `n_active` submissions."""
    return (
        Track.objects.select_related("release", "smoke_release")
        .annotate(
            n_published=Count("submissions", Q(submissions__state=SubmissionState.PUBLISHED)),
            n_active=Count("submissions", Q(submissions__state__in=ACTIVE)),
        )
        .order_by("-is_open", "title", "id")
    )
