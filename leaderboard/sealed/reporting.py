"""What is told of a study's answers themselves: to its curators before it goes live, to everybody once it is released.

Both are openings, and written as such.
"""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

from benchmark_data.errors import ReleaseError
from benchmark_data.release import Release
from benchmark_data.sealed_study import Bundle, read
from benchmark_data.study_facts import SEALED, STUDY
from evaluator.agent.uploads import Storage, Store
from evaluator.sealing.errors import SealingError
from evaluator.sealing.released import published
from evaluator.sealing.report import validation_report
from leaderboard.models import SealedStudy
from leaderboard.sealed import opening
from leaderboard.sealed.opening import Asked, Signed, asked
from leaderboard.sealed.vault import Vault

FAILED = "failed"
"""In place of a report that could not be made, with the reason: it is made again when a curator asks."""


def first_report(study: SealedStudy) -> None:
    """Of what was just brought in, for whoever brought it."""
    report(study.pk, study.uploaded_by_id)


def report(study_pk: int, asked_by: int) -> None:
    study = SealedStudy.objects.select_related("track__release").filter(pk=study_pk).first()
    if study is None:
        return
    try:
        made = _report(study, asked_by)
    except (OSError, RuntimeError, ValueError, ReleaseError, SealingError) as error:
        SealedStudy.objects.filter(pk=study.pk).update(report={FAILED: f"{type(error).__name__}: {error}"[:500]})
        raise
    SealedStudy.objects.filter(pk=study.pk).update(report=made)


def publish_answers(study: SealedStudy) -> None:
    """Of a released study, into storage under `sealed/<study_id>/released/`: the answers and the salt."""
    storage = Storage(settings.STORAGE)
    said = asked(study, storage)
    signed = Signed(opening.scorer_name(), "publish the answers of a released study")
    opened = opening.answers(study, said.facts, signed, vault=Vault.ours(), storage=storage)
    for name, content in published(opened, said.facts).files.items():
        storage.write(f"{released_folder(study)}/{name}", content)
    storage.write(f"{released_folder(study)}/{STUDY}", storage.read(f"sealed/{study.study_id}/{STUDY}"))


def is_published(study: SealedStudy) -> bool:
    """study.toml is written last."""
    try:
        Storage(settings.STORAGE).read(f"{released_folder(study)}/{STUDY}")
    except FileNotFoundError:
        return False
    return True


def released_folder(study: SealedStudy) -> str:
    return f"sealed/{study.study_id}/released"


def _report(study: SealedStudy, asked_by: int) -> dict[str, Any]:
    storage = Storage(settings.STORAGE)
    said = asked(study, storage)
    with tempfile.TemporaryDirectory() as folder:
        bundle = _fetched(study, said, storage, Path(folder) / "bundle")
        signed = Signed(f"person {asked_by}, by {opening.scorer_name()}", "validation report")
        opened = opening.answers(study, said.facts, signed, vault=Vault.ours(), storage=storage)
        return validation_report(Release.open(Path(study.track.release.folder)), bundle, opened).plain()


def _fetched(study: SealedStudy, said: Asked, storage: Store, folder: Path) -> Bundle:
    """The bundle without its answers, as hosts get it: every file compared with study.toml and looked into."""
    for name in [STUDY, *(file.path for file in said.facts.file if file.path != SEALED)]:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        storage.fetch(f"sealed/{study.study_id}/{name}", place)
    return read(folder, has_answers=False)
