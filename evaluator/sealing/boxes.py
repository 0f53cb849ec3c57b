"""Sealed boxes: whoever has the public key can close one, and only the private key opens it."""

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey as NaClPrivateKey
from nacl.public import PublicKey as NaClPublicKey
from nacl.public import SealedBox

from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PrivateKey, PublicKey

OVERHEAD_BYTES = 48
"""A sealed box is this much larger than its content, always: its size tells that of the content and no more."""


def seal(payload: bytes, public: PublicKey) -> bytes:
    if public.kind is not Kind.SEALING:
        raise SealingError(f"a {public.kind} key does not seal; take the scorer's sealing.pub")
    try:
        return bytes(SealedBox(NaClPublicKey(public.raw)).encrypt(payload))
    except CryptoError:  # a point of low order: everybody knows the shared secret that it makes
        raise SealingError(f"public key {public.shown} is no key that anything can be sealed to") from None


def open(sealed: bytes, private: PrivateKey) -> bytes:
    """The content of a box; the message of a refusal tells nothing but the key that does not fit."""
    if private.kind is not Kind.SEALING:
        raise SealingError(f"a {private.kind} key opens nothing; take the scorer's sealing.key")
    try:
        return bytes(SealedBox(NaClPrivateKey(private.raw)).decrypt(sealed))
    except (CryptoError, ValueError, TypeError):
        raise SealingError(
            f"the box does not open with key {private.public.shown}: it was sealed to another key, or was changed"
        ) from None


def reseal(sealed: bytes, old: PrivateKey, new: PublicKey) -> bytes:
    """The same content in a box for another key; whoever calls this holds the old one, and the content for a moment.

    A study keeps its identity and its commitment, which bind the content; the checksum that its study.toml lists for
    y.sealed is that of the box as the curator sent it.
    """
    return seal(open(sealed, old), new)
