"""Files that no row stands for go, and no others."""

from pathlib import Path
from uuid import uuid4

import pytest

from leaderboard import tasks
from leaderboard.models import Attempt
from tests.site import builders


@pytest.fixture
def storage(settings):
    return Path(settings.STORAGE)


def left(folder):
    folder.mkdir(parents=True)
    (folder / "file").touch()
    return folder


def test_folders_of_rows_that_are_gone_are_removed(db, storage):
    kept = left(storage / "attempts" / builders.make_attempt().id.hex)
    scored = left(storage / "scores" / str(builders.make_evaluation().pk))
    gone = left(storage / "attempts" / uuid4().hex)
    unscored = left(storage / "scores" / "123456789")
    other = left(storage / "attempts" / "lost+found")
    tasks.sweep()
    assert [path.exists() for path in (kept, scored, gone, unscored, other)] == [True, True, False, False, True]


def test_an_empty_storage_has_nothing_to_sweep(db):
    tasks.sweep()
    assert Attempt.objects.count() == 0
