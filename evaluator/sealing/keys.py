"""The scorer's keys, one kind that opens what is sealed and one that signs: values, lines of text, and their folder.

The folder is 0700 and its private keys 0600, and a key that others may read is not used. It belongs to the scorer's
user alone and into no backup of the site: a copy of the site together with its keys is a copy of the answers.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from nacl.public import PrivateKey as NaClPrivateKey
from nacl.signing import SigningKey as NaClSigningKey
from nacl.utils import random

from evaluator.contract.errors import ContractError
from evaluator.contract.files import open_regular
from evaluator.sealing.errors import SealingError

KEY_BYTES = 32
SHOWN_DIGITS = 16
_LONGEST_BYTES = 200
# 32 bytes look alike: the text of a key says which kind and which half it is.
_LINE = re.compile(r"holdout-(sealing|signing)-(public|private)-key ([0-9a-f]{64})\n?")


class Kind(StrEnum):
    SEALING = "sealing"  # X25519
    SIGNING = "signing"  # Ed25519


@dataclass(frozen=True, slots=True)
class PublicKey:
    kind: Kind
    raw: bytes

    @property
    def id(self) -> str:
        """The fingerprint: the sha256 of the key, in full."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def shown(self) -> str:
        return self.id[:SHOWN_DIGITS]

    @property
    def text(self) -> str:
        """One line without its end, as it stands in `sealing.pub` and travels in messages."""
        return f"holdout-{self.kind}-public-key {self.raw.hex()}"


@dataclass(frozen=True, slots=True)
class PrivateKey:
    kind: Kind
    raw: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        if self.kind is Kind.SEALING:
            return PublicKey(self.kind, bytes(NaClPrivateKey(self.raw).public_key))
        return PublicKey(self.kind, bytes(NaClSigningKey(self.raw).verify_key))

    @property
    def text(self) -> str:
        return f"holdout-{self.kind}-private-key {self.raw.hex()}"


def new(kind: Kind) -> PrivateKey:
    return PrivateKey(kind, random(KEY_BYTES))


def public(text: str, kind: Kind = Kind.SEALING) -> PublicKey:
    """The public key in a line of text; a key of another kind, or a private one, is a SealingError."""
    return PublicKey(kind, _parsed(text, kind, "public"))


def private(text: str, kind: Kind = Kind.SEALING) -> PrivateKey:
    return PrivateKey(kind, _parsed(text, kind, "private"))


def _parsed(text: str, kind: Kind, half: str) -> bytes:
    found = _LINE.fullmatch(text)
    if not found:
        raise SealingError(f"this is not a key of Holdout; a {half} {kind} key is one line, as `holdout keys` wrote it")
    if (found[1], found[2]) != (str(kind), half):
        raise SealingError(f"this is a {found[2]} {found[1]} key, and a {half} {kind} key is wanted")
    return bytes.fromhex(found[3])


@dataclass(frozen=True, slots=True)
class PublicKeys:
    sealing: PublicKey
    signing: PublicKey


def make(folder: Path) -> PublicKeys:
    """A new pair of each kind. A folder that is there is never written into."""
    return write(folder, {_name(kind): new(kind) for kind in Kind})


def write(folder: Path, held: dict[str, PrivateKey]) -> PublicKeys:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise SealingError(f"{folder} is there already: keys are never written over; choose another folder") from None
    folder.chmod(0o700)
    for name, key in held.items():
        _write(folder / name, key.text, 0o600)
    for kind in Kind:
        _write(folder / f"{kind}.pub", held[_name(kind)].public.text, 0o644)
    return PublicKeys(held[_name(Kind.SEALING)].public, held[_name(Kind.SIGNING)].public)


def current(folder: Path, kind: Kind) -> PrivateKey:
    return _read_private(folder / _name(kind), kind)


def public_key(path: Path, kind: Kind = Kind.SEALING) -> PublicKey:
    """The key in a `.pub` file, or in a folder that holds one under its usual name."""
    place = path / f"{kind}.pub" if path.is_dir() else path
    try:
        return public(_read(place), kind)
    except SealingError as error:
        raise SealingError(f"{place}: {error}") from None


def sealing_key(folder: Path, key_id: str) -> PrivateKey:
    """The key that opens what was sealed to the public key of this id: the current one, or one that was rotated out."""
    for key in [current(folder, Kind.SEALING), *older(folder)]:
        if key.public.id == key_id:
            return key
    raise SealingError(f"{folder} has no sealing key {key_id[:SHOWN_DIGITS]}; restore it from its backup")


def older(folder: Path) -> tuple[PrivateKey, ...]:
    """Sealing keys that were rotated out and are kept until everything is re-encrypted."""
    return tuple(_read_private(path, Kind.SEALING) for path in sorted(folder.glob("sealing-*.key")))


def rotate(folder: Path) -> tuple[PublicKey, PublicKey]:
    """A new sealing key; the old one stays as `sealing-<key_id>.key`. Answers both public halves, old and new.

    At every moment, also if it is interrupted, the folder holds the key to all that was sealed.
    """
    old, fresh = current(folder, Kind.SEALING), new(Kind.SEALING)
    kept = folder / f"sealing-{old.public.id}.key"
    if not kept.exists():
        os.link(folder / _name(Kind.SEALING), kept)
    for name, text, mode in ((_name(Kind.SEALING), fresh.text, 0o600), ("sealing.pub", fresh.public.text, 0o644)):
        beside = folder / f".{name}.new"
        beside.unlink(missing_ok=True)
        _write(beside, text, mode)
        beside.replace(folder / name)
    _settle(folder)
    return old.public, fresh.public


def forget(folder: Path, key_id: str) -> None:
    """Remove a key that was rotated out, named by its id or the digits of it that are shown; call it once nothing is
    sealed to it any more."""
    key_id = next((key.public.id for key in older(folder) if key.public.shown == key_id), key_id)
    if current(folder, Kind.SEALING).public.id == key_id:
        raise SealingError(f"key {key_id[:SHOWN_DIGITS]} is the current one; rotate before you remove it")
    path = folder / f"sealing-{sealing_key(folder, key_id).public.id}.key"
    path.unlink()
    _settle(folder)


def all_private(folder: Path) -> dict[str, PrivateKey]:
    """Every private key of the folder, by the name of its file."""
    found = {_name(kind): current(folder, kind) for kind in Kind}
    return found | {f"sealing-{key.public.id}.key": key for key in older(folder)}


def _name(kind: Kind) -> str:
    return f"{kind}.key"


def _read_private(path: Path, kind: Kind) -> PrivateKey:
    text = _read(path, is_private=True)
    try:
        return private(text, kind)
    except SealingError as error:
        raise SealingError(f"{path}: {error}") from None


def _read(path: Path, *, is_private: bool = False) -> str:
    try:
        descriptor = open_regular(path)
    except ContractError as error:
        raise SealingError(f"{path} cannot be read: {error.reason}") from None
    with os.fdopen(descriptor, "rb") as file:
        if is_private and os.fstat(descriptor).st_mode & 0o077:
            raise SealingError(f"{path} can be read by others than its owner: chmod 600 it, and think who has read it")
        content = file.read(_LONGEST_BYTES)
    return content.decode("ascii", errors="replace")


def _write(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, mode)
        file.write(f"{text}\n")
        file.flush()
        os.fsync(descriptor)


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
