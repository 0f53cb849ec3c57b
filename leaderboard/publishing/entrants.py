"""Who stands on a track's board: the newest published version of each model, and our baselines."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet

from evaluator.agent.uploads import Store
from evaluator.scoring.pair_sums import Floats
from leaderboard.models import ModelKind, Scorecard, Track
from leaderboard.publishing.baselines import NAMES, baselines
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.stored_draws import StaleDrawsError, read_draws
from leaderboard.states import SubmissionState

logger = logging.getLogger(__name__)
BASELINE = "baseline"
NOT_RANKED = frozenset({BASELINE, str(ModelKind.CONTROL)})
"""Shown for comparison. One that was made to cheat must not push anybody down, nor widen a rank."""

SUBMISSION = "evaluation__submission"


@dataclass(frozen=True, slots=True)
class Entrant:
    """`draws` are (views, 1 + replicates); `slug` and what follows are None for a baseline."""

    model: str
    kind: str
    team: str
    slug: str | None
    version: int | None
    published_at: str | None
    intervals: Mapping[str, Mapping[str, Any]]
    units: Mapping[str, int]
    alarm: Mapping[str, str]
    draws: Floats

    @property
    def is_ranked(self) -> bool:
        return self.kind not in NOT_RANKED


def standing(track: Track) -> QuerySet[Scorecard]:
    model = f"{SUBMISSION}__model"
    return (
        Scorecard.objects.filter(evaluation__track=track, **{f"{SUBMISSION}__state": SubmissionState.PUBLISHED})
        .order_by(f"{model}_id", f"-{SUBMISSION}__version")
        .distinct(f"{model}_id")
    )


def made_of(track: Track) -> str:
    """A hash of everything that the boards of a track depend on."""
    names = ("version", "published_at", "model__name", "model__slug", "model__kind", "model__team__name")
    rows = standing(track).values_list("pk", "computed_at", *(f"{SUBMISSION}__{name}" for name in names))
    whole = [track.slug, track.definition, track.release_id, [[str(value) for value in row] for row in rows]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def entrants(plan: Plan, storage: Store) -> list[Entrant]:
    cards = standing(plan.track).select_related(f"{SUBMISSION}__model__team").defer("card")
    models = sorted(
        (_model(card, plan, storage) for card in cards), key=lambda one: (one.published_at or "", one.model)
    )
    ours = [
        Entrant(
            model=NAMES[one.baseline],
            kind=BASELINE,
            team="",
            slug=None,
            version=None,
            published_at=None,
            intervals=one.summary.intervals,
            units=one.summary.units,
            alarm=one.summary.alarm,
            draws=one.draws,
        )
        for one in baselines(plan, storage)
    ]
    return [*models, *ours]


def _model(card: Scorecard, plan: Plan, storage: Store) -> Entrant:
    submission = card.evaluation.submission
    intervals, draws = card.summary["intervals"], _draws(card, plan, storage)
    if draws is None:
        draws = np.full((len(plan.views), 1 + plan.replicates), np.nan)
        intervals = {view.key: nothing("its scores have to be computed again") for view in plan.views}
    return Entrant(
        model=submission.model.name,
        kind=submission.model.kind,
        team=submission.model.team.name,
        slug=submission.model.slug,
        version=submission.version,
        published_at=submission.published_at.isoformat() if submission.published_at else None,
        intervals=intervals,
        units=card.summary["units"],
        alarm=card.summary["alarm"],
        draws=draws,
    )


def _draws(card: Scorecard, plan: Plan, storage: Store) -> Floats | None:
    """None, and a line in the log, for a file that cannot be used: one model's must not stop all boards."""
    try:
        return read_draws(storage, card.draws, plan.views)
    except StaleDrawsError:
        logger.exception("the draws of %s cannot be used", card)
        return None


def nothing(reason: str) -> dict[str, Any]:
    """An undefined interval as plain_interval has it."""
    number = {"undefined": reason}
    numbers: dict[str, Any] = dict.fromkeys(("estimate", "low", "high", "standard_error"), number)
    return numbers | {"df": 0, "replicates": 0, "too_narrow": False}


def is_defined(number: object) -> bool:
    return isinstance(number, int | float)


def by_score(entrants: Sequence[Entrant], view: str, *, higher_is_better: bool) -> list[int]:
    """Best first; after those with an interval come those with a score alone, and the undefined last."""
    sign = -1.0 if higher_is_better else 1.0

    def key(place: int) -> tuple[bool, bool, float]:
        interval = entrants[place].intervals[view]
        known = is_defined(interval["estimate"])
        return not is_defined(interval["low"]), not known, sign * interval["estimate"] if known else 0.0

    return sorted(range(len(entrants)), key=key)
