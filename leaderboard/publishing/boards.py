"""The boards of a track, computed when something on them changes and stored ready, all of them in one transaction."""

import hashlib

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator.agent.uploads import Storage
from leaderboard.models import Board, Track
from leaderboard.pages.board_table import board_html
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import Entrant, entrants, made_of
from leaderboard.publishing.measures import View
from leaderboard.publishing.tables import as_csv, as_json, table

CONTENT = ("etag", "html", "json", "csv", "n_models", "made_of", "computed_at")


def recompute(track: Track) -> None:
    with transaction.atomic():
        write_boards(lock(track))


def refresh() -> None:
    """Recompute the boards of every track on which somebody has come, gone, or changed a name since."""
    for track in Track.objects.all():
        if is_stale(track):
            with transaction.atomic():
                locked = lock(track)
                if is_stale(locked):  # nobody else was faster
                    write_boards(locked)


def is_stale(track: Track) -> bool:
    """A track on which nothing was ever published has no boards and needs none."""
    stored = set(Board.objects.filter(track=track).values_list("made_of", flat=True))
    return bool(stored) and stored != {made_of(track)}


def lock(track: Track) -> Track:
    """One at a time: what is written last was also read last. Rows that refer to the track may still be added."""
    return Track.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=track.pk)


def write_boards(track: Track) -> None:
    """For a caller that holds `lock` in a transaction."""
    plan = Plan(track)
    now_made_of = made_of(track)
    who = entrants(plan, Storage(settings.STORAGE))
    boards = [_board(plan, who, view, now_made_of) for view in plan.views]
    Board.objects.bulk_create(
        boards,
        batch_size=10,
        update_conflicts=True,
        unique_fields=["track", "metric", "target"],
        update_fields=list(CONTENT),
    )
    Board.objects.filter(track=track).exclude(made_of=now_made_of).delete()  # of views that are no longer offered


def _board(plan: Plan, who: list[Entrant], view: View, now_made_of: str) -> Board:
    board = table(plan, who, view)
    html, json, csv = board_html(board), as_json(board), as_csv(board)
    return Board(
        track=plan.track,
        metric=str(view.measure),
        target=view.target,
        etag=hashlib.sha256(html.encode() + json + csv).hexdigest(),
        html=html,
        json=json,
        csv=csv,
        n_models=sum(entrant.slug is not None for entrant in who),
        made_of=now_made_of,
        computed_at=timezone.now(),
    )
