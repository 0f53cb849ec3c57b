"""A backup of the scorer's keys in one file, encrypted with a passphrase: argon2id makes the key, a SecretBox the file.

It is the only copy of the keys that may leave the scorer's machine, and never lies beside a backup of the site.
"""

import json
import os
from pathlib import Path

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random

from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PublicKeys

MAGIC = b"holdout-keys-1\n"
SHORTEST_PASSPHRASE = 12
_LARGEST_BYTES = 1 << 20
# libsodium's "moderate": a quarter of a GiB and most of a second for each guess. Version 1 of the file fixes them.
_OPERATIONS, _MEMORY_BYTES = pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE
_SALT_BYTES: int = pwhash.argon2id.SALTBYTES


def backup(folder: Path, out: Path, passphrase: str) -> None:
    """Every private key of the folder, those that were rotated out too."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise SealingError(f"the passphrase is shorter than {SHORTEST_PASSPHRASE} characters: take a longer one")
    texts = {name: key.text for name, key in keys.all_private(folder).items()}
    salt = random(_SALT_BYTES)
    sealed = bytes(_box(passphrase, salt).encrypt(json.dumps(texts).encode()))
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SealingError(f"{out} cannot be written ({error.strerror}): a backup goes to a new file") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(MAGIC + salt + sealed)
        file.flush()
        os.fsync(descriptor)


def restore(out: Path, folder: Path, passphrase: str) -> PublicKeys:
    """The keys of a backup in a new folder."""
    try:
        content = out.read_bytes()[: _LARGEST_BYTES + 1]
    except OSError as error:
        raise SealingError(f"{out} cannot be read: {error.strerror}") from None
    start = len(MAGIC) + _SALT_BYTES
    if not content.startswith(MAGIC) or not start < len(content) <= _LARGEST_BYTES:
        raise SealingError(f"{out} is no backup of keys that this version of Holdout wrote")
    try:
        opened = _box(passphrase, content[len(MAGIC) : start]).decrypt(content[start:])
    except (CryptoError, ValueError):
        raise SealingError(f"{out} does not open: the passphrase is another one, or the file was changed") from None
    held = {
        name: keys.private(text, Kind.SIGNING if name == "signing.key" else Kind.SEALING)
        for name, text in json.loads(opened).items()
    }
    return keys.write(folder, held)


def _box(passphrase: str, salt: bytes) -> SecretBox:
    made = pwhash.argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, _OPERATIONS, _MEMORY_BYTES)
    return SecretBox(made)
