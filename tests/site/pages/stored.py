"""Rows that publishing would have stored: boards, and models with a card."""

import hashlib
import json
from typing import Any

from django.utils import timezone

from leaderboard.models import (
    Board,
    DrugList,
    Evaluation,
    PublishedBoard,
    PublishedScore,
    Scorecard,
    Submission,
    Track,
)
from leaderboard.pages.board_lines import as_cells, as_roster, lines
from leaderboard.pages.board_table import board_html
from leaderboard.publishing.cards import brief, keep_parts
from leaderboard.states import SubmissionState
from tests.site.builders import make_evaluation, make_submission, make_track
from tests.site.pages.cards import DRUG_NAMES, a_board, a_card, a_row, a_summary


def store_board(*rows: dict[str, Any], track: Track | None = None, metric: str = "primary", target: str = "") -> Board:
    track = track or make_track()
    board = a_board(*(rows or [a_row()]), metric=metric, target=target)
    html, text = board_html(board), json.dumps(board)
    return Board.objects.create(
        track=track,
        metric=metric,
        target=target,
        etag=hashlib.sha256((html + text).encode()).hexdigest(),
        html=html,
        json=text.encode(),
        csv=b"rank_first,rank_last\n",
        roster=as_roster(lines(board)),
        cells=as_cells(board),
        n_models=len(board["rows"]),
        made_of="rows",
        computed_at=timezone.now(),
    )


def publish(*, card: dict[str, Any] | None = None, summary: dict[str, Any] | None = None, **values: Any) -> Submission:
    submission = make_submission(state=SubmissionState.PUBLISHED, **values)
    store_card(make_evaluation(submission=submission), card or a_card(), summary=summary)
    return submission


def store_card(evaluation: Evaluation, card: dict[str, Any], *, summary: dict[str, Any] | None = None) -> Scorecard:
    """As publishing.scoring.keep does, but for the files."""
    row = Scorecard.objects.create(
        evaluation=evaluation, card=brief(card), summary=summary or a_summary(), draws="draws"
    )
    keep_parts(row, card)
    DrugList.objects.get_or_create(release=evaluation.track.release, defaults={"drugs": dict(DRUG_NAMES)})
    return row


def store_published(scores: dict[tuple[str, str], float], *, metric: str = "r2", **values: Any) -> PublishedBoard:
    """One model, `theirs`, with two splits that lie .01 about the score of each source and target."""
    usual = {"slug": "paper", "title": "Paper", "citation": "Doe 2025", "url": "https://example.org/paper"}
    board = PublishedBoard.objects.create(**usual | values)
    PublishedScore.objects.bulk_create(
        PublishedScore(
            board=board, model="theirs", metric=metric, source=source, target=target, split=split, value=value + shift
        )
        for (source, target), value in scores.items()
        for split, shift in enumerate((-0.01, 0.01))
    )
    return board
