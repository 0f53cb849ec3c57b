"""What is published of a sealed study once it is released: its archive, and its answers with their salt."""

from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from fsspec.core import url_to_fs

from benchmark_data.study_facts import STUDY
from evaluator.sealing.released import ANSWERS, SALT
from leaderboard.models import SealedStudy
from leaderboard.sealed.allowed import Can, allows
from leaderboard.sealed.intake import tar_of


def names(study: SealedStudy) -> tuple[str, ...]:
    """None before the scorer has written all of them: study.toml comes last."""
    if not allows(study, Can.GIVE_ANSWERS) or not (_folder(study) / STUDY).exists():
        return ()
    return (_tar_name(study), ANSWERS, SALT)


def opened(study: SealedStudy, name: str) -> BinaryIO:
    """One of `names`."""
    return (tar_of(study.study_id) if name == _tar_name(study) else _folder(study) / name).open("rb")


def _tar_name(study: SealedStudy) -> str:
    return f"{study.name}-{study.version}.holdout-study.tar"


def _folder(study: SealedStudy) -> Path:
    return Path(url_to_fs(settings.STORAGE)[1]) / "sealed" / study.study_id / "released"
