"""Writes what has to be told: at fixed times of release, and when a study moves on. In the scorer's process alone."""

import hashlib
import json
import logging
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from benchmark_data.errors import ReleaseError
from evaluator.agent.uploads import Storage
from evaluator.scoring.pair_sums import Floats
from evaluator.sealing.errors import SealingError
from leaderboard.models import SealedScore, SealedStudy
from leaderboard.sealed import release
from leaderboard.sealed.certificates import certify_sealed
from leaderboard.sealed.ladder import climbs, improves, live_since
from leaderboard.sealed.ranks import ranks
from leaderboard.sealed.scoring import scored
from leaderboard.sealed.vault import Found, Vault
from leaderboard.states import StudyState

log = logging.getLogger(__name__)


def publish(study: SealedStudy) -> bool:
    """Whether there was anything to tell. For a caller that holds the study's lock: one writer at a time."""
    vault, due = Vault.ours(), _due(study)
    state = _state_of(study, due)
    if vault.told(study.study_id) == state and all(score.shown_from for score in due):
        return False
    with_card = release.Field.CARD in release.LEAVES[StudyState(study.state)]
    everything = {score.evaluation_id: _found(score, vault, with_card=with_card) for score in due}
    found = {pk: one for pk, one in everything.items() if one is not None}
    due = [score for score in due if score.evaluation_id in found]
    _climb(study, due, found)
    placed = ranks(due, found)
    now = timezone.now()
    with transaction.atomic():
        for score in due:
            score.released = release.released(
                found[score.evaluation_id].whole,
                state=StudyState(study.state),
                is_rank_only=study.is_rank_only,
                is_standing=score.is_standing,
                rank=placed.get(score.evaluation_id),
            )
            score.shown_from = score.shown_from or now
            score.save(update_fields=["released", "is_standing", "shown_from"])
            if StudyState(study.state) not in release.CURATORS_ALONE:
                certify_sealed(score, vault)  # nothing where the newest says the same
    vault.keep_told(study.study_id, state)
    return True


def _due(study: SealedStudy) -> list[SealedScore]:
    """Without what was told of them, which is megabytes once a study is frozen, and is written, never read."""
    rows = SealedScore.objects.filter(study=study).select_related(
        "study", "evaluation__submission__model__team", "evaluation__track__release", "evaluation__study"
    )
    now = timezone.now()
    return [
        score
        for score in rows.defer("released").order_by("evaluation")
        if score.shown_from is not None or release.next_release(score.computed_at) <= now
    ]


def _state_of(study: SealedStudy, due: list[SealedScore]) -> str:
    """A hash of all that what is told depends on."""
    who = [(one.pk, one.evaluation.submission.state, one.evaluation.submission.version) for one in due]
    return hashlib.sha256(json.dumps([study.state, study.is_rank_only, who]).encode()).hexdigest()


def _found(score: SealedScore, vault: Vault, *, with_card: bool) -> Found | None:
    """As it was kept; computed again, which is another opening, where the scorer's folder has lost it. None where that
    cannot be done: it stays as it was told, and nobody else waits for it."""
    study = score.study
    found = vault.kept(study.study_id, score.evaluation_id, with_card=with_card)
    if found is None:
        log.warning("%s was lost from the scorer's folder: it is computed again", score)
        try:
            found = scored(score.evaluation, study, vault=vault, storage=Storage(settings.STORAGE))
        except (OSError, RuntimeError, ValueError, ReleaseError, SealingError):
            log.exception("%s cannot be computed again", score)
            return None
        vault.keep(study.study_id, score.evaluation_id, found)
    return found


def _climb(study: SealedStudy, due: list[SealedScore], found: Mapping[int, Found]) -> None:
    """Those that come now, in their order; what was told before stays as it was told."""
    since = live_since(study)
    best: dict[int, Floats] = {}
    for score in sorted(due, key=lambda one: (one.shown_from is None, one.evaluation_id)):
        team, of = score.evaluation.submission.model.team_id, found[score.evaluation_id]
        higher = bool(of.whole["higher_is_better"])
        is_better = improves(best.get(team), of.draws, higher_is_better=higher)
        if score.shown_from is None:
            score.is_standing = is_better or not climbs(score.evaluation.submission, since)
        if score.is_standing and is_better:
            best[team] = of.draws
