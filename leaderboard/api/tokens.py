"""Tokens of the API: hashed, scoped, gone after a year at most, shown once."""

import re
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from leaderboard.models import Person, Scope, Token
from leaderboard.submitting import access, texts
from leaderboard.submitting.errors import Refused

LONGEST_DAYS = 365
USUAL_DAYS = 90
MOST_OF_A_PERSON = 50
TOKEN = re.compile(rb"[0-9a-f]{64}")


def make(person: Person, *, name: str, scope: Scope, days: int = USUAL_DAYS) -> tuple[Token, str]:
    """The row, and the token itself: nobody can see it a second time."""
    name = texts.plain(name, field="name", most=100)
    if not 1 <= days <= LONGEST_DAYS:
        remedy = f"Give 1 to {LONGEST_DAYS} days."
        raise Refused("bad_days", f"A token cannot live {days} days.", remedy, "days")
    if live(person).count() >= MOST_OF_A_PERSON:
        remedy = "Revoke one that is not used."
        raise Refused("too_many_tokens", f"You have {MOST_OF_A_PERSON} tokens.", remedy, status=409)
    made: tuple[Token, str] = Token.objects.create(user=person, expiry=timedelta(days=days), name=name, scope=scope)
    return made


def live(person: Person) -> QuerySet[Token]:
    """Those that still open something, newest first."""
    tokens: QuerySet[Token] = Token.objects.filter(user=person, expiry__gt=timezone.now()).order_by("-created")
    return tokens


class TokenAuthentication(KnoxAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Token <64 hexadecimal digits>`."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Token]:
        """One query by the hash, where knox asks by a prefix and then tidies up, which costs three."""
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed("This is no token: 64 hexadecimal digits are expected.")
        known = Token.objects.select_related("user").filter(
            digest=hash_token(token.decode()), expiry__gt=timezone.now()
        )
        found: Token | None = known.first()
        if found is None or not found.user.is_active:
            raise AuthenticationFailed("This token is unknown, revoked or expired.")
        if access.needs_second_factor(found.user):  # as on the pages
            raise AuthenticationFailed("Staff and curators need a second factor: set one up on the site first.")
        return found.user, found
