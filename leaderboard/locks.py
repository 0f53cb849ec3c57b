"""Locks of a database session: they vanish with the process that holds them, so nothing has to be cleaned up."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection

# What is locked; beside it stands the id of its row.
SCORING = 0x5C0E
REFRESHING = 0x5C0F
PUBLISHING_SEALED = 0x5C10


@contextmanager
def alone(what: int, row: int) -> Iterator[bool]:
    """Whether nobody else is at it. Not to be asked for inside of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [what, row])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            with suppress(Error), connection.cursor() as cursor:  # a session that is gone holds no lock
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [what, row])
