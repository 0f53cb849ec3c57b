"""Boards as they were stored when a score was last published: nothing is computed here.

What is asked for with every view of a board is plain SQL: to build these queries costs the ORM ten times what to run
them costs, and most of a request's time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from leaderboard.models import Board, Track, WholeBoard

WHOLE = ("html", "json", "csv", "roster", "cells")
USUAL_METRIC = "primary"
_FROM = """
    FROM leaderboard_board AS board
    JOIN leaderboard_track AS track ON track.id = board.track_id
    JOIN leaderboard_release AS release ON release.id = track.release_id
    WHERE track.slug = %s AND board.metric = %s AND board.target = %s
"""
# Whatever a page says besides the board: where it changes, another tag is due.
_TAG = "board.etag || '-' || md5(concat_ws('|', track.title, track.description, release.name, release.version))"
_PAGE = """
    track.title, track.description, track.definition::text, release.name || ' ' || release.version,
    board.{body}, board.n_models, board.computed_at,
    (SELECT json_agg(json_build_array(metric, target))::text FROM leaderboard_board WHERE track_id = track.id)
"""
_OTHERS = """
    SELECT coalesce(json_agg(json_build_array(metric, target, etag) ORDER BY metric, target), '[]')::text
    FROM leaderboard_board WHERE track_id = track.id AND (metric, target) IN %s
"""
_PIECES = """
    SELECT board.metric, board.target, board.{column}
    FROM leaderboard_board AS board JOIN leaderboard_track AS track ON track.id = board.track_id
    WHERE track.slug = %s AND (board.metric, board.target) IN %s
"""
View = tuple[str, str]
"""A metric, and a target or nothing for the mean over them."""


@dataclass(frozen=True, slots=True)
class BoardPage:
    """`body` is its table, or its ETag where that is not asked for; `views` are those of every board of the track."""

    tag: str
    title: str
    description: str
    definition: dict[str, Any]
    release: str
    body: str
    n_models: int
    computed_at: datetime
    views: list[tuple[str, str]]


def stored_boards() -> QuerySet[Board]:
    """Without what they say: what there is, and since when."""
    return Board.objects.select_related("track").defer(*WHOLE).order_by("track__title", "metric", "target", "id")


def board_etag(*, track: str, metric: str, target: str) -> str | None:
    """None where there is no such board."""
    row = _row("board.etag", track, metric, target)
    return None if row is None else str(row[0])


def board_bytes(*, track: str, metric: str, target: str, column: str) -> tuple[str, bytes] | None:
    """The ETag and the board as `json` or `csv`, both of the same moment."""
    assert column in WHOLE
    row = _row(f"board.etag, board.{column}", track, metric, target)
    return None if row is None else (row[0], bytes(row[1]))


def page_tag_of(*, track: str, metric: str, target: str) -> str | None:
    """None where there is no such board."""
    row = _row(_TAG, track, metric, target)
    return None if row is None else str(row[0])


def etags_of(track: str, view: View, others: Sequence[View]) -> tuple[str, dict[View, str]] | None:
    """The tag of a page that shows cells of `others` beside a board, and the ETag of each; None without that board."""
    row = _row(f"{_TAG}, board.etag, ({_OTHERS})", track, *view, others=others or [view])
    if row is None:
        return None
    found = {(metric, target): etag for metric, target, etag in json.loads(row[2])}
    return f"{row[0]} {row[2]}", found | {view: row[1]}


def board_page(*, track: str, metric: str, target: str, body: str = "etag") -> BoardPage | None:
    assert body in (*WHOLE, "etag")
    row = _row(f"{_TAG}, {_PAGE.format(body=body)}", track, metric, target)
    if row is None:
        return None
    tag, title, description, definition, release, made, n_models, computed_at, views = row
    offered = [(one, other) for one, other in json.loads(views)]
    return BoardPage(
        tag, title, description, json.loads(definition), release, made, n_models, computed_at, views=offered
    )


def pieces_of(track: str, views: Sequence[View], column: str) -> dict[View, str]:
    """The `roster` or the `cells` as stored, of those of the views that there are."""
    assert column in WHOLE
    if not views:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PIECES.format(column=column), [track, tuple(views)])
        return {(metric, target): found for metric, target, found in cursor.fetchall()}


def whole_file(track: str, suffix: str) -> tuple[str, str] | None:
    """The path in storage and the ETag of all boards of a track in one format; None until they are made."""
    files = WholeBoard.objects.filter(track__slug=track).values_list("files", flat=True).first() or {}
    return (files[suffix]["path"], files[suffix]["etag"]) if suffix in files else None


def targets_of(track: str) -> list[str]:
    """In the order of the track; empty where there is none of this name."""
    found = Track.objects.filter(slug=track).values_list("definition__targets", flat=True).first()
    return list(found or ())


def choices_of(track: Track) -> list[tuple[str, str]]:
    """The (metric, target) of every board of a track."""
    return list(Board.objects.filter(track=track).values_list("metric", "target").order_by())


def _row(columns: str, *view: str, others: Sequence[View] = ()) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} {_FROM}", [*([tuple(others)] if others else []), *view])
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found
