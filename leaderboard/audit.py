"""The audit's one door: who did what to which row, and what it was before and after. Nothing here is ever changed."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from evaluator import logs
from leaderboard import tracing
from leaderboard.models import Act, Person

Who = Person | AnonymousUser | None
HIDDEN = frozenset({"password", "token", "digest", "token_key", "data", "broker_sha256"})
"""Fields whose values stand nowhere but in their rows."""
LONGEST = 2_000
_command: ContextVar[str] = ContextVar("command", default="")
_watched: ContextVar[tuple[str, str] | None] = ContextVar("watched", default=None)


def note(person: Who, what: str, row: models.Model | None = None, **detail: Any) -> None:
    """Write down an act, in the caller's transaction: it is undone with what it tells of.

    `person` is None for a command, or for the site itself. Within `acting` on the same row nothing is added: that
    writes it.
    """
    if row is not None and _watched.get() == key_of(row):
        return
    known = person if isinstance(person, Person) else None
    kind, key = key_of(row) if row is not None else ("", "")
    Act.objects.create(
        person=known,
        who=_who(known),
        what=what[:60],
        kind=kind,
        row=key,
        name=str(row)[:300] if row is not None else "",
        detail=json.loads(json.dumps(detail, cls=DjangoJSONEncoder, default=str)),
        request_id=logs.trace(),
        address=tracing.address(),
    )


@contextmanager
def acting(person: Who, what: str, row: models.Model, **detail: Any) -> Iterator[None]:
    """Does it and writes it down, or neither: with the values of the row that are others afterwards."""
    before, named = snapshot(row), str(row)
    with transaction.atomic():
        token = _watched.set(key_of(row))
        try:
            yield
        finally:
            _watched.reset(token)
        fresh = type(row)._base_manager.filter(pk=row.pk).first()
        after = snapshot(fresh) if fresh is not None else {}
        changed = [name for name in before if fresh is None or before[name] != after[name]]
        values = {
            "before": {name: before[name] for name in changed},
            "after": {name: after[name] for name in changed if name in after},
        }
        note(person, what, row, **values | ({"was": named} if fresh is None else {}) | detail)


@contextmanager
def by_command(name: str) -> Iterator[None]:
    """Whatever is done inside is done by whoever runs this command."""
    token = _command.set(name)
    try:
        yield
    finally:
        _command.reset(token)


def snapshot(row: models.Model) -> dict[str, Any]:
    """The row's own values, without secrets; a long one is cut."""
    stored = type(row)._base_manager.filter(pk=row.pk)
    names = [
        field.attname
        for field in row._meta.concrete_fields
        if field.name not in HIDDEN and not isinstance(field, models.BinaryField | models.GeneratedField)
    ]
    return {name: _short(value) for name, value in (stored.values(*names).first() or {}).items()}


def _short(value: Any) -> Any:
    plain = json.dumps(value, cls=DjangoJSONEncoder, default=str, sort_keys=True)
    return json.loads(plain) if len(plain) <= LONGEST else f"{plain[:LONGEST]}… ({len(plain)} characters)"


def key_of(row: models.Model) -> tuple[str, str]:
    """A token's own key is the hash that it is checked by: it has another name for others."""
    return row._meta.model_name or "", str(getattr(row, "public_id", row.pk))


def _who(person: Person | None) -> str:
    command = _command.get()
    if person is not None:
        return person.email or person.username
    return f"manage.py {command}, by {getpass.getuser()}" if command else "the site"
