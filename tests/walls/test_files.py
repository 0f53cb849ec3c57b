"""With every file of the site in hand, and every variable that its processes were given."""

import os
from pathlib import Path

import pytest

from evaluator.sealing import boxes, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PrivateKey
from tests.walls.conftest import everything_in, keys_made_of

pytestmark = pytest.mark.django_db


def sealed_boxes(storage):
    return [path for path in Path(storage.root).rglob("*.sealed") if path.is_file()]


def opens_any(content, storage):
    """Whether a key made of this content opens a box in storage."""
    boxed = {path: path.read_bytes() for path in sealed_boxes(storage)}
    # One of each kind: they are all closed with the same key.
    tried = {path.name: sealed for path, sealed in boxed.items()}
    for raw in keys_made_of(content):
        for sealed in tried.values():
            try:
                boxes.open(sealed, PrivateKey(Kind.SEALING, raw))
            except SealingError:
                continue
            return True
    return False


def test_no_file_of_the_storage_holds_an_answer_a_seed_a_draw_or_a_key(scored, secrets, storage):
    content = everything_in(Path(storage.root))
    assert len(sealed_boxes(storage)) == 1 + 6
    assert secrets.found_in(content) == []


def test_what_is_looked_for_would_be_found(scored, secrets, vault):
    """The scorer's own folder has it all but the seed, which is made when needed: the search is not blind."""
    found = secrets.found_in(everything_in(vault.keys.parent))
    assert {"the signing key, hex", "the sealing key, hex", "draw 7, float64"} <= set(found)


def test_no_key_that_is_made_of_the_sites_files_opens_a_box(scored, storage):
    assert not opens_any(everything_in(Path(storage.root)), storage)


def test_no_key_that_is_made_of_what_the_site_was_told_opens_a_box(scored, storage, board, settings):
    told = {**os.environ, **board.site_environment()}
    of_settings = {
        name: str(getattr(settings, name)) for name in dir(settings) if name.isupper() and name != "SCORER_KEYS"
    }
    content = "\0".join(f"{name}={value}" for name, value in (told | of_settings).items()).encode()
    assert not opens_any(content, storage)


def test_the_public_halves_open_nothing(scored, storage, vault):
    content = b"".join((vault.keys / f"{kind}.pub").read_bytes() for kind in Kind)
    assert not opens_any(content, storage)


def test_the_scorers_own_key_would_open_them_all(scored, storage, vault):
    """The attempts above fail for want of a key, not of a lock that none fits."""
    for path in sealed_boxes(storage):
        assert boxes.open(path.read_bytes(), keys.current(vault.keys, Kind.SEALING))
    assert opens_any((vault.keys / "sealing.key").read_bytes(), storage)


def test_the_sites_environment_names_neither_the_keys_nor_the_scorers_role(board, vault):
    for environment in (board.site_environment(), board.host_environment()):
        for secret in (f"{vault.keys}", "scorer-password"):
            known = {name for name, value in environment.items() if secret in value}
            assert known <= {"HOLDOUT_SCORER_PUBLIC"}


def test_the_scorers_folder_is_for_its_user_alone(scored, vault, study):
    folders = [vault.keys, vault.draws, vault.draws / study.study_id]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
    private = list(vault.keys.glob("*.key"))
    assert [path.stat().st_mode & 0o777 for path in private] == [0o600] * len(private)
    assert not vault.keys.is_relative_to(Path(study.track.release.folder))
