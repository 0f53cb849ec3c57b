"""Removes what nobody needs any more: uploads that were left, answers that were kept, files without a row."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model as Row
from fsspec.core import url_to_fs

from leaderboard.models import Attempt, Evaluation, Track
from leaderboard.sealed import intake
from leaderboard.submitting import idempotency, uploads


def sweep() -> None:
    uploads.expire()
    idempotency.expire()
    sweep_folders("attempts", Attempt, UUID)
    sweep_folders("scores", Evaluation, int)
    sweep_folders("boards", Track, int)
    intake.sweep()


def sweep_folders(of: str, rows: type[Row], key: Callable[[str], Any]) -> int:
    """Those of rows that are gone: a process may have died between a row and its files, and a host that was not told
    yet delivers afterwards. A row is always there before its folder. Returns how many went."""
    files, root = url_to_fs(settings.STORAGE)
    folder = f"{root}/{of}"
    named: dict[Any, str] = {}
    for path in files.ls(folder, detail=False) if files.isdir(folder) else ():
        try:
            named[key(path.rsplit("/", 1)[-1])] = path
        except ValueError:
            continue  # not one of ours
    orphans = set(named) - set(rows._default_manager.values_list("pk", flat=True))
    for orphan in orphans:
        files.rm(named[orphan], recursive=True)
    return len(orphans)
