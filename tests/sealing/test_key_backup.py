"""A backup of keys opens with its passphrase alone and brings back every key."""

import stat

import pytest
from nacl import pwhash

from evaluator.sealing import key_backup, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_guesses(monkeypatch):
    """The parameters that users get take a second each time."""
    monkeypatch.setattr(key_backup, "_OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr(key_backup, "_MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)


@pytest.fixture
def folder(tmp_path):
    keys.make(tmp_path / "keys")
    return tmp_path / "keys"


def test_every_key_comes_back_also_one_that_was_rotated_out(folder, tmp_path):
    old, new = keys.rotate(folder)
    key_backup.backup(folder, tmp_path / "b", PASSPHRASE)
    found = key_backup.restore(tmp_path / "b", tmp_path / "again", PASSPHRASE)
    assert found.sealing == new
    assert keys.all_private(tmp_path / "again") == keys.all_private(folder)
    assert keys.sealing_key(tmp_path / "again", old.id).public == old
    assert keys.public_key(tmp_path / "again") == new


def test_a_backup_shows_no_key_and_is_its_owners_alone(folder, tmp_path):
    key_backup.backup(folder, tmp_path / "b", PASSPHRASE)
    content = (tmp_path / "b").read_bytes()
    key = keys.current(folder, Kind.SEALING)
    assert key.raw not in content and key.raw.hex().encode() not in content
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600


def test_another_passphrase_or_a_changed_file_opens_nothing(folder, tmp_path):
    key_backup.backup(folder, tmp_path / "b", PASSPHRASE)
    with pytest.raises(SealingError, match="the passphrase is another one, or the file was changed"):
        key_backup.restore(tmp_path / "b", tmp_path / "again", PASSPHRASE + "!")
    content = bytearray((tmp_path / "b").read_bytes())
    content[-1] ^= 1
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(SealingError, match="the file was changed"):
        key_backup.restore(tmp_path / "b", tmp_path / "again", PASSPHRASE)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("content", [b"", key_backup.MAGIC, b"holdout-keys-2\n" + bytes(100), bytes(2 << 20)])
def test_what_is_no_backup_is_refused(tmp_path, content):
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(SealingError, match="is no backup of keys"):
        key_backup.restore(tmp_path / "b", tmp_path / "again", PASSPHRASE)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SealingError, match="cannot be read"):
        key_backup.restore(tmp_path / "b", tmp_path / "again", PASSPHRASE)


def test_a_short_passphrase_is_refused(folder, tmp_path):
    with pytest.raises(SealingError, match="shorter than 12 characters"):
        key_backup.backup(folder, tmp_path / "b", "short")


def test_neither_a_file_nor_a_folder_is_written_over(folder, tmp_path):
    key_backup.backup(folder, tmp_path / "b", PASSPHRASE)
    with pytest.raises(SealingError, match="a backup goes to a new file"):
        key_backup.backup(folder, tmp_path / "b", PASSPHRASE)
    with pytest.raises(SealingError, match="never written over"):
        key_backup.restore(tmp_path / "b", folder, PASSPHRASE)
