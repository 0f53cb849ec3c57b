"""What a badge says of a model: its newest published version on one track, or that it was withdrawn."""

import json
from dataclasses import dataclass
from functools import lru_cache

from leaderboard.models import Submission
from leaderboard.reads import boards
from leaderboard.states import SubmissionState


@dataclass(frozen=True, slots=True)
class Standing:
    """`rank` is empty where there is none, `score` None where it is undefined or the board is not made yet."""

    model: str
    track: str
    is_withdrawn: bool
    rank: str = ""
    score: float | None = None


def standing(model: str, track: str) -> Standing | None:
    """On the track of this slug, or on that of the newest version; None for what was never published there."""
    sent = Submission.objects.filter(model__slug=model, published_at__isnull=False)
    if track:
        sent = sent.filter(track__slug=track)
    rows = sent.order_by("-version").values_list("state", "version", "track__slug", "track__title", "model__name")
    versions = list(rows)
    if not versions:
        return None
    standing = [row for row in versions if row[0] == SubmissionState.PUBLISHED]
    if not standing:
        return Standing(versions[0][4], versions[0][3], is_withdrawn=True)
    _, version, slug, title, name = standing[0]
    etag = boards.board_etag(track=slug, metric=boards.USUAL_METRIC, target="")
    rank, score = _places(slug, etag).get(f"{model}/v{version}", ("", None)) if etag else ("", None)
    return Standing(name, title, is_withdrawn=False, rank=rank, score=score)


@lru_cache(maxsize=8)
def _places(track: str, _etag: str) -> dict[str, tuple[str, float | None]]:
    """Rank and score by line, kept by each worker while the board is the one of this ETag."""
    view = (boards.USUAL_METRIC, "")
    lines = json.loads(boards.pieces_of(track, [view], "roster").get(view, "[]"))
    return {line["key"]: (line["rank"], line["order"]["score"]) for line in lines}
