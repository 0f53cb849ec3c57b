"""Encrypts a study's answers again after the scorer's key was rotated. An opening, and written as one."""

from django.conf import settings
from fsspec.core import url_to_fs

from evaluator.agent.uploads import Storage
from evaluator.sealing import answers as sealed_answers
from evaluator.sealing import boxes, keys
from evaluator.sealing.keys import Kind
from leaderboard.models import SealedStudy
from leaderboard.sealed import opening
from leaderboard.sealed.vault import Vault


def reseal(study_pk: int, asked_by: int) -> bool:
    """Whether there was anything to do. The new box is there before the row names it, and the old one goes last."""
    study = SealedStudy.objects.filter(pk=study_pk).first()
    vault, storage = Vault.ours(), Storage(settings.STORAGE)
    current = keys.current(vault.keys, Kind.SEALING).public
    if study is None or study.key_id == current.id:
        return False
    said = opening.asked(study, storage).facts
    signed = opening.Signed(f"person {asked_by}, by {opening.scorer_name()}", f"encrypt again to key {current.shown}")
    content = opening.payload(study, said, signed, vault=vault, storage=storage)
    sealed_answers.answers(content, said.rows, said.commitment)
    storage.write(opening.sealed_file(study, said, key_id=current.id), boxes.seal(content, current))
    if SealedStudy.objects.filter(pk=study.pk, key_id=study.key_id).update(key_id=current.id):
        files, root = url_to_fs(settings.STORAGE)
        files.rm(f"{root}/{opening.sealed_file(study, said)}")
    return True
