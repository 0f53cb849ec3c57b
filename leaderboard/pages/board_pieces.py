"""Stored pieces of boards as values, kept by each worker under their ETag: to read them takes most of a request."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from leaderboard.pages import board_lines
from leaderboard.pages.board_lines import Cell, Line
from leaderboard.reads import boards as stored

T = TypeVar("T")
Key = tuple[str, stored.View, str]
MOST_ROSTERS, MOST_CELLS = 16, 96  # of 500 models they are a megabyte, and a quarter of one
_rosters: dict[Key, list[Line]] = {}
_cells: dict[Key, dict[str, Cell]] = {}


def rosters(track: str, etags: Mapping[stored.View, str]) -> dict[stored.View, list[Line]]:
    return _read(track, etags, "roster", board_lines.roster, _rosters, MOST_ROSTERS)


def cells(track: str, etags: Mapping[stored.View, str]) -> dict[stored.View, dict[str, Cell]]:
    return _read(track, etags, "cells", board_lines.cells, _cells, MOST_CELLS)


def _read(
    track: str,
    etags: Mapping[stored.View, str],
    column: str,
    read: Callable[[str], T],
    kept: dict[Key, T],
    most: int,
) -> dict[stored.View, T]:
    """Whatever is not kept comes with one query. What has just been made again is newer than its ETag says."""
    known = {view: kept.get((track, view, etag)) for view, etag in etags.items()}
    missing = [view for view, value in known.items() if value is None]
    for view, text in stored.pieces_of(track, missing, column).items():
        known[view] = kept[track, view, etags[view]] = read(text)
    for key in list(kept)[: max(0, len(kept) - most)]:
        kept.pop(key, None)
    return {view: value for view, value in known.items() if value is not None}
