"""What changed on the boards, newest first: models that came and went, releases that were brought in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leaderboard.models import Release, Submission, Track
from leaderboard.states import SubmissionState

MOST = 30


class What(StrEnum):
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Change:
    """`slug` is the model's, or empty for a release; `name` with its version."""

    what: What
    at: datetime
    name: str
    team: str = ""
    slug: str = ""
    track_title: str = ""
    pk: str = ""


def changes(track: Track | None = None) -> list[Change]:
    """Of one track, or of the whole site."""
    sent = Submission.objects.filter(published_at__isnull=False).select_related("model__team", "track")
    releases = Release.objects.all()
    if track is not None:
        sent, releases = sent.filter(track=track), releases.filter(tracks=track).distinct()
    gone = sent.filter(state=SubmissionState.WITHDRAWN).order_by("-state_since", "-pk")
    found = [_of_model(What.PUBLISHED, one, one.published_at) for one in sent.order_by("-published_at", "-pk")[:MOST]]
    found += [_of_model(What.WITHDRAWN, one, one.state_since) for one in gone[:MOST]]
    newest = releases.order_by("-loaded_at")[:MOST]
    found += [Change(What.RELEASE, one.loaded_at, str(one), pk=one.release_id) for one in newest]
    return sorted(found, key=lambda change: change.at, reverse=True)[:MOST]


def _of_model(what: What, one: Submission, at: datetime | None) -> Change:
    assert at is not None  # it was published
    model = one.model
    name = f"{model.name} v{one.version}"
    return Change(what, at, name, model.team.name, model.slug, one.track.title, str(one.pk))
