"""Computes an evaluation's scores again from the stored predictions.

What comes out another is said to readers, with its reason, and the old values stay in the audit.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator.agent.uploads import Storage, Store
from leaderboard import audit
from leaderboard.hosting.scoring import hand_over
from leaderboard.models import Evaluation, Person, Scorecard
from leaderboard.publishing.boards import lock, refresh_soon, write_default
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.scoring import keep, scored
from leaderboard.publishing.stored_draws import StaleDrawsError, read_draws
from leaderboard.states import SubmissionState
from leaderboard.submitting.errors import Refused

SAME = 1e-9
"""Figures are equal to this: what is closer is another machine's arithmetic."""
MOST_NAMED = 20
log = logging.getLogger(__name__)


def ask(person: Person | None, evaluation: Evaluation, why: str) -> None:
    """The scorer does it as soon as it can. Asked again before that, the last reason stands."""
    if not why.strip():
        raise Refused("no_reason", "It has to be said why.", "Readers see it if the score changes.", "why")
    if evaluation.study_id is not None:
        remedy = "Its scorer alone computes it; see its study."
        raise Refused("sealed", f"{evaluation} is on a sealed study.", remedy, status=409)
    asked = Scorecard.objects.filter(evaluation=evaluation).update(rescore_why=why.strip()[:200], rescore_by=person)
    if not asked:
        raise Refused("no_scores", f"{evaluation} has no scores yet.", "It gets them by itself.", status=409)
    transaction.on_commit(hand_over, robust=True)


def answer(evaluation_id: int) -> None:
    """For the task: what was asked for, once; what cannot be done is written down and not tried for ever."""
    card = Scorecard.objects.filter(evaluation=evaluation_id).exclude(rescore_why="").first()
    if card is None:
        return
    try:
        rescore(card.evaluation, why=card.rescore_why, person=card.rescore_by)
    except Exception as error:
        # The outermost door: the same predictions would fail again every few seconds.
        log.exception("%s could not be computed again", card)
        audit.note(card.rescore_by, "rescore failed", card, why=card.rescore_why, error=f"{error!r:.500}")
        Scorecard.objects.filter(pk=card.pk).update(rescore_why="", rescore_by=None)


def rescore(evaluation: Evaluation, *, why: str, person: Person | None = None) -> list[str]:
    """What came out another, as paths into card and summary; empty where all is as it was."""
    storage, plan = Storage(settings.STORAGE), Plan(evaluation.track)
    old = Scorecard.objects.get(evaluation=evaluation)
    found = scored(evaluation, plan, storage)
    with transaction.atomic():
        track = lock(evaluation.track)
        was_readable = _is_readable(storage, old)
        keep(evaluation, found, storage)
        new = Scorecard.objects.get(evaluation=evaluation)
        changed = list(_differences(_both(old), _both(new)))
        is_stale = bool(changed) or not was_readable  # boards are made of the moment of computing
        said = {"at": timezone.now().isoformat(), "why": why, "n_changed": len(changed), **_primary(plan, old, new)}
        told = [*(one for one in new.changes if is_change(one)), said]
        values = {"computed_at": timezone.now()} if is_stale else {}
        Scorecard.objects.filter(pk=new.pk).update(changes=told, rescore_why="", rescore_by=None, **values)
        detail: dict[str, Any] = {"why": why, "changed": changed[:MOST_NAMED], "n_changed": len(changed)}
        if changed:
            detail |= {"before": old.summary, "after": new.summary}
        audit.note(person, "rescore", new, **detail)
        if is_stale and evaluation.submission.state == SubmissionState.PUBLISHED:
            write_default(track)
            refresh_soon()
    return changed


def is_change(said: Mapping[str, Any]) -> bool:
    """Whether something came out another; of the times that nothing did, readers see the last alone."""
    return bool(said.get("n_changed", 1))


def _is_readable(storage: Store, card: Scorecard) -> bool:
    try:
        read_draws(storage, card.draws)
    except StaleDrawsError:
        return False
    return True


def _both(card: Scorecard) -> dict[str, Any]:
    return {"card": card.card, "summary": card.summary}


def _primary(plan: Plan, old: Scorecard, new: Scorecard) -> dict[str, Any]:
    key = plan.views[0].key

    def of(card: Scorecard) -> Any:
        return card.summary.get("intervals", {}).get(key, {}).get("estimate")

    return {"before": of(old), "after": of(new)}


def _differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """What an update of the site adds is no difference; what it leaves out is one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name, value in old.items():
            yield from _differences(value, new.get(name), f"{path}.{name}" if path else name)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, value in enumerate(old):
            yield from _differences(value, new[place], f"{path}[{place}]")
    elif not _is_same(old, new):
        yield path


def _is_same(old: Any, new: Any) -> bool:
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if numbers and not isinstance(old, bool) and not isinstance(new, bool):
        return bool(abs(old - new) <= SAME * max(1.0, abs(old)))
    return json.dumps(old) == json.dumps(new)
