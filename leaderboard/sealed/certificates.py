"""What was run on what with which result, signed by the scorer: for every published score, on open data and on sealed.

Whoever holds the public key checks one with `holdout verify`, and needs no site for it.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import F, Max, Q, QuerySet

from evaluator.engine.record import this_host
from evaluator.sealing.certificates import Signed, canonical, sign
from evaluator.sealing.keys import Kind, public
from leaderboard.models import Certificate, Evaluation, Host, Run, Scorecard, SealedScore
from leaderboard.sealed.vault import Vault
from leaderboard.states import AttemptState, RunState, SubmissionState

log = logging.getLogger(__name__)
ON_OPEN = "the score of a model on open studies, as Holdout published it"
ON_SEALED = "the score of a model on a sealed study, as Holdout published it"
VERSIONS = ("holdout", "python", "numpy")
NOT_CERTIFIED = ("rank", "card")
"""A rank changes with every other model; a card is certified by its hash."""


def lacking() -> QuerySet[Scorecard]:
    """Published scores on open studies that have no certificate, or changed after the newest one."""
    rows = Scorecard.objects.filter(evaluation__submission__state=SubmissionState.PUBLISHED)
    signed = rows.annotate(signed_at=Max("evaluation__certificates__signed_at"))
    return signed.filter(Q(signed_at=None) | Q(signed_at__lt=F("computed_at"))).order_by("pk")


def certify_open(card: Scorecard, vault: Vault) -> Certificate | None:
    intervals = card.summary.get("intervals", {})
    result = {
        "metric": card.evaluation.track.definition["metric"],
        "scores": {view: intervals[view] for view in intervals if view.endswith("/")},
        "memory_alarm": card.summary.get("alarm"),
        "card_sha256": _sha256(card.card),
    }
    return _certify(card.evaluation, ON_OPEN, result, computed_at=card.computed_at, vault=vault)


def certify_sealed(score: SealedScore, vault: Vault) -> Certificate | None:
    """Of what was released and no more; nothing while the ladder holds the numbers back."""
    result = {name: part for name, part in score.released.items() if name not in NOT_CERTIFIED}
    if "sources" not in result and "rank" not in score.released:
        return None
    if "card" in score.released:
        result["card_sha256"] = _sha256(score.released["card"])
    if "sources" not in result:
        result["rank"] = score.released["rank"]
    result |= {"is_prospective": score.is_prospective, "is_blind": score.is_blind}
    return _certify(score.evaluation, ON_SEALED, result, computed_at=score.shown_from, vault=vault)


def as_file(certificate: Certificate) -> str:
    """As it is downloaded."""
    key = public(certificate.public_key, Kind.SIGNING)
    return Signed(certificate.content, certificate.signature, key).file()


def _certify(
    evaluation: Evaluation, words: str, result: Mapping[str, Any], *, computed_at: datetime | None, vault: Vault
) -> Certificate | None:
    """A new one where the result is another than that of the newest; the old ones stay."""
    new = {"result": result, "computed_at": _moment(computed_at)}
    newest = evaluation.certificates.order_by("-pk").first()
    if newest is not None and json.loads(canonical(new)).items() <= json.loads(newest.content).items():
        return None
    signed = sign({"certifies": words, **_about(evaluation), **new}, vault.signing_key())
    return Certificate.objects.create(
        evaluation=evaluation, content=signed.content, signature=signed.signature, public_key=signed.key.text
    )


def _about(evaluation: Evaluation) -> dict[str, Any]:
    submission, track, study = evaluation.submission, evaluation.track, evaluation.study
    model = submission.model
    said = None
    if study is not None:
        said = {"id": study.study_id, "name": study.name, "version": study.version, "commitment": study.commitment}
    return {
        "site": settings.SITE_URL,
        "model": {"name": model.name, "slug": model.slug, "team": model.team.name, "version": submission.version},
        "image": submission.image_id,
        "pretraining": {"declared": submission.pretraining, "until": _day(submission.pretrained_until)},
        "track": {"slug": track.slug, "definition_sha256": _sha256(track.definition)},
        "release_id": track.release.release_id,
        "study": said,
        "runs": _runs(evaluation),
        "engine": {"scorer": _versions(this_host().to_json()), "hosts": _hosts(evaluation)},
        "submitted_at": _moment(submission.created_at),
        "published_at": _moment(submission.published_at),
    }


def _runs(evaluation: Evaluation) -> list[dict[str, Any]]:
    names = ("arm", "source", "split", "seed")
    specs = Run.objects.filter(evaluation=evaluation, state=RunState.DONE).values_list("spec", flat=True)
    return [dict(zip(names, run, strict=True)) for run in sorted(tuple(spec[name] for name in names) for spec in specs)]


def _hosts(evaluation: Evaluation) -> list[dict[str, Any]]:
    hosts = Host.objects.filter(attempts__run__evaluation=evaluation, attempts__state=AttemptState.DONE)
    return _once(_versions(record) for record in hosts.values_list("record", flat=True))


def _once(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in sorted({canonical(record) for record in records})]


def _versions(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in VERSIONS if name in record}


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
