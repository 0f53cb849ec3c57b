"""Who stands where on a sealed study: simultaneous comparisons of all who stand on it, on the scorer's own draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from leaderboard.models import SealedScore
from leaderboard.publishing.entrants import NOT_RANKED
from leaderboard.publishing.placing import places
from leaderboard.sealed.vault import Found
from leaderboard.states import SubmissionState


def ranks(scores: list[SealedScore], found: Mapping[int, Found]) -> dict[int, dict[str, Any]]:
    """By evaluation: first, last and tie group among the newest standing version of each model. Controls, withdrawn
    models and older versions have none; without a defined interval it is the places after all others."""
    newest: dict[int, SealedScore] = {}
    for score in sorted(scores, key=lambda one: one.evaluation.submission.version):
        submission = score.evaluation.submission
        is_there = submission.state == SubmissionState.PUBLISHED and submission.model.kind not in NOT_RANKED
        if score.is_standing and is_there:
            newest[submission.model_id] = score
    ranked = [score.evaluation_id for score in newest.values()]
    if not ranked:
        return {}
    placed = places(
        np.stack([found[pk].draws for pk in ranked]),
        [i for i, pk in enumerate(ranked) if isinstance(found[pk].whole["mean"]["low"], float)],
        units=min(found[pk].whole["units"] for pk in ranked),
        higher_is_better=all(found[pk].whole["higher_is_better"] for pk in ranked),
    )
    return {
        pk: {"first": place.first, "last": place.last, "of": len(ranked), "tie_group": place.tie_group}
        for pk, place in zip(ranked, placed, strict=True)
    }
