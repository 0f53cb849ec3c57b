"""Who stands on a track's board: the newest published version of each model, and our baselines."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.agent.uploads import Store
from evaluator.scoring.pair_sums import Floats
from leaderboard.models import ModelKind, Scorecard, Track
from leaderboard.publishing.baselines import NAMES, ScoredBaseline, baselines
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.stored_draws import StaleDrawsError, read_draws
from leaderboard.states import SubmissionState

logger = logging.getLogger(__name__)
BASELINE = "baseline"
NOT_RANKED = frozenset({BASELINE, str(ModelKind.CONTROL)})
"""Shown for comparison. One that was made to cheat must not push anybody down, nor widen a rank."""

SUBMISSION = "evaluation__submission"
_MAKERS = ("publishing", "pages", "templates/boards")


@dataclass(frozen=True, slots=True)
class Entrant:
    """`draws` are (1 + replicates,) by view; slug, version and date are None for a baseline."""

    model: str
    kind: str
    team: str
    slug: str | None
    version: int | None
    published_at: str | None
    intervals: Mapping[str, Mapping[str, Any]]
    units: Mapping[str, int]
    alarm: Mapping[str, str]
    draws: Mapping[str, Floats]

    @property
    def is_ranked(self) -> bool:
        return self.kind not in NOT_RANKED


def standing(track: Track) -> list[Scorecard]:
    model = f"{SUBMISSION}__model"
    newest = (
        Scorecard.objects.filter(evaluation__track=track, **{f"{SUBMISSION}__state": SubmissionState.PUBLISHED})
        .order_by(f"{model}_id", f"-{SUBMISSION}__version")
        .distinct(f"{model}_id")
    )
    return list(newest.select_related(f"{model}__team").defer("card", "summary"))


def made_of(track: Track, cards: Sequence[Scorecard]) -> str:
    """A hash of everything that the boards of a track depend on, how they are made included."""
    whole: list[Any] = [_making(), track.slug, track.definition, track.release_id]
    for card in cards:
        submission = card.evaluation.submission
        model = submission.model
        whole += [card.pk, str(card.computed_at), submission.version, str(submission.published_at)]
        whole += [model.name, model.slug, model.kind, model.team.name]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@cache
def _making() -> str:
    """A hash of what makes boards: after an update of the site they are made again."""
    here = Path(__file__).parents[1]
    files = [
        *(here / "publishing").glob("*.py"),
        *(here / "pages").glob("*.py"),
        *(here / "templates/boards").glob("*"),
    ]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(files))).hexdigest()


def entrants(plan: Plan, cards: Sequence[Scorecard], storage: Store) -> list[Entrant]:
    """Those of the cards, in the order in which they were published, and the baselines."""
    summaries = dict(Scorecard.objects.filter(pk__in=[card.pk for card in cards]).values_list("pk", "summary"))
    models = [entrant(card, summaries[card.pk], plan, storage) for card in cards]
    models.sort(key=lambda one: (one.published_at or "", one.model))
    ours = [of_baseline(one) for one in baselines(plan, storage)]
    return [*models, *ours]


def of_baseline(one: ScoredBaseline) -> Entrant:
    return Entrant(
        model=NAMES[one.baseline],
        kind=BASELINE,
        team="",
        slug=None,
        version=None,
        published_at=None,
        intervals=one.summary.intervals,
        units=one.summary.units,
        alarm=one.summary.alarm,
        draws=dict(zip(one.summary.views, one.draws, strict=True)),
    )


def entrant(card: Scorecard, summary: Mapping[str, Any], plan: Plan, storage: Store) -> Entrant:
    submission = card.evaluation.submission
    intervals, draws = summary["intervals"], _draws(card, summary, plan, storage)
    if draws is None:
        draws = {view.key: np.full(1 + plan.replicates, np.nan) for view in plan.views}
        intervals = {view.key: nothing("its scores have to be computed again") for view in plan.views}
    return Entrant(
        model=submission.model.name,
        kind=submission.model.kind,
        team=submission.model.team.name,
        slug=submission.model.slug,
        version=submission.version,
        published_at=submission.published_at.isoformat() if submission.published_at else None,
        intervals=intervals,
        units=summary["units"],
        alarm=summary["alarm"],
        draws=draws,
    )


def _draws(card: Scorecard, summary: Mapping[str, Any], plan: Plan, storage: Store) -> dict[str, Floats] | None:
    """None, and a line in the log, for scores that cannot be used: one model's must not stop all boards."""
    try:
        draws = read_draws(storage, card.draws)
    except StaleDrawsError:
        logger.exception("the scores of %s cannot be used", card)
        return None
    if draws.shape != (len(summary["views"]), 1 + plan.replicates) or set(summary["views"]) != set(plan.keys):
        logger.error("the scores of %s are of other views or replicates than the track has", card)
        return None
    return dict(zip(summary["views"], draws, strict=True))


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
