"""Where a model stands on its track's default board, read from the board that stands ready."""

import json
from dataclasses import dataclass
from functools import lru_cache

from leaderboard.reads.boards import USUAL_METRIC, board_bytes, board_etag

ANY_TARGET = ""


@dataclass(frozen=True, slots=True)
class Place:
    """`rank` is None for one that is not ranked; `n_ranked` counts all that are."""

    version: int
    rank: tuple[int, int] | None
    n_ranked: int


@dataclass(frozen=True, slots=True)
class Standings:
    """Of one board: the models that stand on it by slug, and who is ranked best."""

    places: dict[str, Place]
    best: tuple[str, str] | None  # slug, name


NOWHERE = Standings({}, None)


def board_stamp(track: str) -> str:
    """Changes when the default board of a track does; empty where there is none."""
    return board_etag(track=track, metric=USUAL_METRIC, target=ANY_TARGET) or ""


def standings(track: str, stamp: str) -> Standings:
    return _standings(track, stamp) if stamp else NOWHERE


@lru_cache(maxsize=16)
def _standings(track: str, _stamp: str) -> Standings:
    """Kept by each worker while the board is the same: hundreds of rows are read to say where one stands."""
    found = board_bytes(track=track, metric=USUAL_METRIC, target=ANY_TARGET, column="json")
    if found is None:
        return NOWHERE
    rows = [row for row in json.loads(found[1])["rows"] if row["slug"]]
    ranked = [row for row in rows if row["rank"]]
    places = {
        row["slug"]: Place(row["version"], tuple(row["rank"]) if row["rank"] else None, len(ranked)) for row in rows
    }
    return Standings(places, (ranked[0]["slug"], ranked[0]["model"]) if ranked else None)
