"""The default board of a track as it stood at a moment that is over."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from leaderboard.states import SubmissionState

_STOOD = """
    SELECT past.id, past.at, past.n_models, past.etag,
        (SELECT min(later.at) FROM leaderboard_pastboard AS later
         WHERE later.track_id = track.id AND later.at > past.at),
        (SELECT json_agg(model.slug || '/v' || sent.version ORDER BY model.slug, sent.version)::text
         FROM leaderboard_submission AS sent JOIN leaderboard_model AS model ON model.id = sent.model_id
         WHERE sent.track_id = track.id AND sent.published_at IS NOT NULL AND sent.state = %s)
    FROM leaderboard_pastboard AS past
    JOIN leaderboard_track AS track ON track.id = past.track_id
    WHERE track.slug = %s AND past.at <= %s
    ORDER BY past.at DESC, past.id DESC LIMIT 1
"""
_FIRST = """
    SELECT min(past.at) FROM leaderboard_pastboard AS past
    JOIN leaderboard_track AS track ON track.id = past.track_id WHERE track.slug = %s
"""


@dataclass(frozen=True, slots=True)
class Stood:
    """`until` is None for what still stands; `withdrawn` are the versions, as slug/vN, that were withdrawn since."""

    pk: int
    at: datetime
    until: datetime | None
    n_models: int
    etag: str
    withdrawn: frozenset[str]


def stood(track: str, moment: datetime) -> Stood | None:
    """None where no board is kept of so long ago."""
    row = _row(_STOOD, [SubmissionState.WITHDRAWN, track, moment])
    if row is None:
        return None
    pk, at, n_models, etag, until, withdrawn = row
    return Stood(pk, at, until, n_models, etag, frozenset(json.loads(withdrawn or "[]")))


def content(pk: int) -> bytes:
    row = _row("SELECT json FROM leaderboard_pastboard WHERE id = %s", [pk])
    assert row is not None  # they are kept
    return bytes(row[0])


def first_kept(track: str) -> datetime | None:
    row = _row(_FIRST, [track])
    return row[0] if row else None


def _row(query: str, given: list[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found
