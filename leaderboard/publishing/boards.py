"""The boards of a track, computed when something on them changes and stored ready.

The default one is written with the state of what is published; the others follow, each in a transaction of its own, so
that nobody who publishes waits for them. A reader sees a board as it was or as it is, whole.
"""

import hashlib
import logging
from collections.abc import Sequence

import kombu.exceptions
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator.agent.uploads import Storage
from leaderboard.locks import REFRESHING, alone
from leaderboard.models import Board, Scorecard, Track
from leaderboard.pages.board_asked import Asked
from leaderboard.pages.board_lines import as_cells, as_roster, lines
from leaderboard.pages.board_table import table as html_table
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import Entrant, entrants, made_of, standing
from leaderboard.publishing.history import remember
from leaderboard.publishing.measures import View
from leaderboard.publishing.tables import as_csv, as_json, table
from leaderboard.publishing.whole import write_whole
from leaderboard.reads.boards import USUAL_METRIC

log = logging.getLogger(__name__)
CONTENT = ("etag", "html", "json", "csv", "roster", "cells", "n_models", "made_of", "computed_at")


def lock(track: Track) -> Track:
    """One writer at a time: what is written last was also read last. Rows that refer to the track may still come."""
    return Track.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=track.pk)


def write_default(track: Track) -> None:
    """For a caller that holds `lock` in a transaction."""
    plan, cards = Plan(track), standing(track)
    who = entrants(plan, cards, Storage(settings.STORAGE))
    _write([_board(plan, who, plan.views[0], made_of(track, cards))])


def recompute(track: Track) -> None:
    """Everything that is not as it should be, the default board first; nothing where no board was ever made."""
    if not Board.objects.filter(track=track).exists():
        return
    with transaction.atomic():
        locked = lock(track)
        if stale(locked, standing(locked))[:1] == Plan(locked).views[:1]:
            write_default(locked)
    refresh_soon()


def refresh() -> None:
    """Write the boards of every track on which somebody has come, gone or changed a name since; one process a track."""
    for track in Track.objects.filter(boards__isnull=False).distinct():
        try:
            with alone(REFRESHING, track.pk) as is_ours:
                while is_ours and not _refreshed(track):
                    continue
        except Exception:
            # The outermost door of a track: what is wrong with it must not keep the others from being written.
            log.exception("the boards of %s could not be made", track)


def refresh_soon() -> None:
    """When this transaction is committed. The beat asks for it too: the broker may be away, or be emptied."""
    transaction.on_commit(_ask, robust=True)


def stale(track: Track, cards: Sequence[Scorecard]) -> list[View]:
    """The views whose board is missing or is made of something else, in their order."""
    now_made_of = made_of(track, cards)
    fresh = set(Board.objects.filter(track=track, made_of=now_made_of).values_list("metric", "target"))
    return [view for view in Plan(track).views if (str(view.measure), view.target) not in fresh]


def _refreshed(track: Track) -> bool:
    """False where something changed while it went on: what is left is then begun again."""
    track = Track.objects.select_related("release").get(pk=track.pk)
    plan, cards = Plan(track), standing(track)
    now_made_of, left = made_of(track, cards), stale(track, cards)
    who = entrants(plan, cards, Storage(settings.STORAGE)) if left else []
    for view in left:
        board = _board(plan, who, view, now_made_of)
        with transaction.atomic():
            locked = lock(track)
            if made_of(locked, standing(locked)) != now_made_of:
                return False
            _write([board])
    offered = {(str(view.measure), view.target) for view in plan.views}
    there = Board.objects.filter(track=track).values_list("pk", "metric", "target")
    Board.objects.filter(pk__in=[pk for pk, *view in there if tuple(view) not in offered]).delete()
    write_whole(track, now_made_of)
    return True


def _ask() -> None:
    try:
        current_app.send_task("leaderboard.boards", retry=False)
    except kombu.exceptions.OperationalError as away:
        log.warning("the boards are made when the broker is back: %s", away)


def _write(boards: list[Board]) -> None:
    """For a caller that holds `lock`; what the default board says is kept with it."""
    Board.objects.bulk_create(
        boards, update_conflicts=True, unique_fields=["track", "metric", "target"], update_fields=list(CONTENT)
    )
    for board in boards:
        if (board.metric, board.target) == (USUAL_METRIC, ""):
            remember(board)


def _board(plan: Plan, who: list[Entrant], view: View, now_made_of: str) -> Board:
    board = table(plan, who, view)
    made = lines(board)
    html, json, csv = (
        html_table(made, Asked(metric=str(view.measure), target=view.target)),
        as_json(board),
        as_csv(board),
    )
    return Board(
        track=plan.track,
        metric=str(view.measure),
        target=view.target,
        etag=hashlib.sha256(html.encode() + json + csv).hexdigest(),
        html=html,
        json=json,
        csv=csv,
        roster=as_roster(made),
        cells=as_cells(board),
        n_models=sum(entrant.slug is not None for entrant in who),
        made_of=now_made_of,
        computed_at=timezone.now(),
    )
