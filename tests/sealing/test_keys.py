"""Keys are made once, read by their owner alone, and rotated without a moment in which something cannot be opened."""

import hashlib
import os
import stat

import pytest
from nacl.public import PrivateKey as NaClPrivateKey
from nacl.signing import SigningKey as NaClSigningKey

from evaluator.sealing import boxes, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind


@pytest.fixture
def folder(tmp_path):
    keys.make(tmp_path / "keys")
    return tmp_path / "keys"


def test_the_folder_and_its_private_keys_are_their_owners_alone(folder):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
    assert modes == {
        "keys": 0o700,
        "sealing.key": 0o600,
        "signing.key": 0o600,
        "sealing.pub": 0o644,
        "signing.pub": 0o644,
    }


def test_a_wide_umask_changes_nothing_of_that(tmp_path):
    before = os.umask(0)
    try:
        keys.make(tmp_path / "keys")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "sealing.key").stat().st_mode) == 0o600


def test_keys_are_never_written_over(folder):
    before = (folder / "sealing.key").read_bytes()
    with pytest.raises(SealingError, match="is there already: keys are never written over"):
        keys.make(folder)
    assert (folder / "sealing.key").read_bytes() == before


def test_the_public_halves_are_libsodiums_and_their_ids_hashes_of_them(folder):
    sealing, signing = keys.current(folder, Kind.SEALING), keys.current(folder, Kind.SIGNING)
    assert sealing.public.raw == bytes(NaClPrivateKey(sealing.raw).public_key)
    assert signing.public.raw == bytes(NaClSigningKey(signing.raw).verify_key)
    assert sealing.public.id == hashlib.sha256(sealing.public.raw).hexdigest()
    assert sealing.public.shown == sealing.public.id[:16]


@pytest.mark.parametrize("kind", Kind)
def test_a_key_is_the_same_after_its_line_of_text(folder, kind):
    key = keys.current(folder, kind)
    assert keys.private(key.text, kind) == key
    assert keys.public(key.public.text, kind) == key.public
    assert keys.public_key(folder, kind) == keys.public_key(folder / f"{kind}.pub", kind) == key.public


def test_a_private_key_does_not_show_itself(folder):
    key = keys.current(folder, Kind.SEALING)
    assert key.raw.hex() not in repr(key)
    assert repr(key.raw) not in repr(key)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not a key of Holdout"),
        ("ssh-ed25519 AAAA", "not a key of Holdout"),
        ("holdout-sealing-public-key " + "0" * 63, "not a key of Holdout"),
        ("holdout-sealing-public-key " + "A" * 64, "not a key of Holdout"),
        ("holdout-sealing-public-key " + "0" * 64 + "\n\n", "not a key of Holdout"),
        ("holdout-signing-public-key " + "0" * 64, "this is a public signing key, and a public sealing key is wanted"),
        ("holdout-sealing-private-key " + "0" * 64, "this is a private sealing key, and a public sealing key"),
    ],
)
def test_what_is_no_public_sealing_key_is_refused_by_what_it_is(text, what):
    with pytest.raises(SealingError, match=what):
        keys.public(text)


def test_a_key_that_others_can_read_is_not_used(folder):
    (folder / "sealing.key").chmod(0o640)
    with pytest.raises(SealingError, match=r"sealing\.key can be read by others than its owner: chmod 600"):
        keys.current(folder, Kind.SEALING)


def test_a_key_is_not_read_through_a_link(folder, tmp_path):
    (folder / "sealing.key").rename(tmp_path / "elsewhere")
    (folder / "sealing.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SealingError, match="it is a symbolic link"):
        keys.current(folder, Kind.SEALING)


def test_a_folder_in_a_keys_place_is_refused(folder):
    (folder / "signing.key").unlink()
    (folder / "signing.key").mkdir()
    with pytest.raises(SealingError, match="it is a directory, not a file"):
        keys.current(folder, Kind.SIGNING)


def test_a_broken_file_is_named(folder):
    (folder / "sealing.pub").write_text("nothing")
    with pytest.raises(SealingError, match=r"sealing\.pub: this is not a key"):
        keys.public_key(folder)
    (folder / "sealing.key").write_text("nothing")
    with pytest.raises(SealingError, match=r"sealing\.key: this is not a key"):
        keys.current(folder, Kind.SEALING)


def test_after_a_rotation_the_old_box_opens_and_can_be_closed_again_for_the_new_key(folder):
    old, new = keys.rotate(folder)
    assert old != new
    assert keys.public_key(folder) == new == keys.current(folder, Kind.SEALING).public
    again = boxes.reseal(boxes.seal(b"answers", old), keys.sealing_key(folder, old.id), new)
    assert boxes.open(again, keys.current(folder, Kind.SEALING)) == b"answers"
    assert [key.public for key in keys.older(folder)] == [old]
    assert stat.S_IMODE((folder / f"sealing-{old.id}.key").stat().st_mode) == 0o600


def test_a_rotation_that_broke_off_is_done_again(folder):
    first = keys.current(folder, Kind.SEALING).public
    os.link(folder / "sealing.key", folder / f"sealing-{first.id}.key")
    (folder / ".sealing.key.new").write_text("half")
    old, new = keys.rotate(folder)
    assert (old, keys.current(folder, Kind.SEALING).public) == (first, new)


def test_a_key_is_forgotten_only_when_it_is_not_the_current_one(folder):
    old, new = keys.rotate(folder)
    with pytest.raises(SealingError, match="is the current one"):
        keys.forget(folder, new.id)
    keys.forget(folder, old.shown)
    assert keys.older(folder) == ()
    with pytest.raises(SealingError, match=f"has no sealing key {old.shown}; restore it"):
        keys.forget(folder, old.id)
