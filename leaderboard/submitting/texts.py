"""What people type, checked at the border: what comes out is safe to store, to list and to mail."""

import unicodedata
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from leaderboard.submitting.errors import Refused

MOST_IN_URL = 200
NAME_SIGNS = " -_.,+/()&'’"
LAST_LATIN = 0x17F  # of Latin Extended-A
T = TypeVar("T")
_is_url = URLValidator(schemes=["http", "https"])


def plain(text: str, *, field: str, most: int, lines: bool = False) -> str:
    """Without surrounding space; no control characters, which includes NUL, and nothing that turns text around."""
    kept = "\n" if lines else ""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n") if lines else text).strip()
    if len(text) > most:
        raise Refused("too_long", f"The {_said(field)} has {len(text)} characters.", f"Use at most {most}.", field)
    if any(
        unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in text if sign not in kept
    ):
        raise Refused(
            "bad_characters", f"The {_said(field)} has characters that cannot be shown.", "Remove them.", field
        )
    return text


def name(text: str, *, field: str, most: int = 100) -> str:
    """Of a team or a model. Latin letters alone: GraphDRP with a Cyrillic letter would pass for another."""
    text = " ".join(unicodedata.normalize("NFKC", plain(text, field=field, most=most)).split())
    if len(text) > most or not all(_in_name(sign) for sign in text):
        allowed = f"Use at most {most} Latin letters, digits, spaces and {NAME_SIGNS.strip()}"
        raise Refused(
            "bad_name", f"The {_said(field)} has other letters or signs than names here have.", allowed, field
        )
    if not slug(text):
        raise Refused("no_name", f"The {_said(field)} is missing.", "Give one with a letter or a digit in it.", field)
    return text


def slug(text: str) -> str:
    return slugify(text)[:50].strip("-_")


def with_free_slug(name: str, create: Callable[[str], T]) -> T:
    """Create a row under the name's slug, or under the first of its numbered ones that is free: who comes second at
    the same moment is told by the database, and takes the next."""
    base = slug(name)
    for number in range(1, 100):
        try:
            with transaction.atomic():
                return create(base if number == 1 else f"{base}-{number}")
        except IntegrityError:
            continue
    raise Refused("name_taken", f"There are too many things named {name}.", "Give another name.", status=409)


def url(text: str, *, field: str) -> str:
    """Empty, or an http(s) address without a login in it: what is shown as a link leads where it seems to."""
    text = plain(text, field=field, most=MOST_IN_URL)
    try:
        if text:
            _is_url(text)
        right = "@" not in urlsplit(text).netloc
    except (ValidationError, ValueError):
        right = False
    if not right:
        raise Refused("bad_url", f"The {_said(field)} is no web address.", "Give one that begins with https://", field)
    return text


def _in_name(sign: str) -> bool:
    return sign in NAME_SIGNS or (sign.isalnum() and ord(sign) <= LAST_LATIN)


def _said(field: str) -> str:
    return field.replace("_", " ").replace("url", "address")
