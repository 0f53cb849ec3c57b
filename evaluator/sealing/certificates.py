"""Certificates: a statement as canonical JSON, signed with Ed25519; the public key is all it takes to check one."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as NaClSigningKey
from nacl.signing import VerifyKey as NaClVerifyKey

from benchmark_data.errors import shown
from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PrivateKey, PublicKey

VERSION = 1
VERSION_KEY = "holdout_certificate"
WORDS_KEY = "certifies"
LARGEST_BYTES = 1 << 20
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Signed:
    """`content` is the signed text itself, canonical JSON; the signature is in hex, 128 digits."""

    content: str
    signature: str
    key: PublicKey

    def file(self) -> str:
        """A certificate as it is downloaded and given to `holdout verify`: it carries its own public key."""
        parts = {"content": json.loads(self.content), "public_key": self.key.text, "signature": self.signature}
        return json.dumps(parts, indent=2, sort_keys=True) + "\n"


def sign(content: Mapping[str, Any], private: PrivateKey) -> Signed:
    """`content` says under `certifies`, in words, what is certified; the version of the format is added to it."""
    if private.kind is not Kind.SIGNING:
        raise SealingError(f"a {private.kind} key signs nothing; take the scorer's signing.key")
    if not isinstance(content.get(WORDS_KEY), str) or VERSION_KEY in content:
        raise SealingError(
            f"a certificate says under '{WORDS_KEY}' in words what it certifies, and nothing of '{VERSION_KEY}'"
        )
    text = canonical({**content, VERSION_KEY: VERSION})
    signature = NaClSigningKey(private.raw).sign(text.encode()).signature
    return Signed(text, signature.hex(), private.public)


def verify(text: str | bytes, public: PublicKey | str) -> dict[str, Any]:
    """The content of a certificate's file, when it is what that key signed; `public` is the key or its fingerprint.

    A fingerprint is all 64 digits, or at least the 16 that are shown.
    """
    document = _document(text)
    own = _own_key(document, public)
    content = document["content"]
    if not isinstance(content, dict) or content.get(VERSION_KEY) != VERSION:
        version = content.get(VERSION_KEY) if isinstance(content, dict) else None
        raise SealingError(
            f"the certificate is of version {shown(str(version))}; this version of Holdout knows version {VERSION}"
        )
    verify_text(canonical(content), document["signature"], own)
    return content


def verify_text(content: str, signature: str, public: PublicKey) -> None:
    """Whether this key signed this text; a SealingError when not."""
    try:
        NaClVerifyKey(public.raw).verify(content.encode(), bytes.fromhex(signature))
    except (BadSignatureError, ValueError, TypeError):
        raise SealingError(
            f"the signature is not that of key {public.shown} on this content: it was changed after it was signed"
        ) from None


def canonical(content: Mapping[str, Any]) -> str:
    """The one way in which a content is written: keys sorted, no blanks, ASCII; numbers as Python writes them."""
    _refuse_unwritable(content, 0)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _document(text: str | bytes) -> dict[str, Any]:
    if len(text) > LARGEST_BYTES:
        raise SealingError(f"a certificate has at most {LARGEST_BYTES:,} bytes; this file has {len(text):,}")
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _UnreadableError) else "it is not JSON"
        raise SealingError(f"this is not a certificate: {reason}") from None
    if not isinstance(document, dict) or document.keys() != {"content", "public_key", "signature"}:
        raise SealingError("this is not a certificate: it has not exactly content, public_key and signature")
    return document


def _own_key(document: Mapping[str, Any], public: PublicKey | str) -> PublicKey:
    own = keys.public(str(document["public_key"]), Kind.SIGNING)
    is_meant = own.id.startswith(public) and len(public) >= 16 if isinstance(public, str) else own == public
    if not is_meant:
        meant = public if isinstance(public, str) else public.shown
        raise SealingError(f"the certificate is signed with key {own.shown}, not with {meant}")
    return own


class _UnreadableError(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise _UnreadableError("a key stands twice in it")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise _UnreadableError(f"{name} stands in it, which is no number of JSON")


def _refuse_unwritable(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise SealingError("the certificate is nested too deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise SealingError(f"{key!r} is no name of JSON")
            _refuse_unwritable(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_unwritable(item, depth + 1)
    elif not (value is None or isinstance(value, str | int | float)) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise SealingError(f"{value!r} cannot stand in a certificate; write what is undefined as null with its reason")
