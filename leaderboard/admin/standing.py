"""The operators' first page: what is stuck and why, each row with the button that helps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model as Row
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leaderboard import models
from leaderboard.admin.rows import changelist, link
from leaderboard.hosting.moves import LONGEST_S
from leaderboard.reads import amounts, operating, stuck
from leaderboard.reads.operating import Condition
from leaderboard.states import RunState, SubmissionState
from leaderboard.vocabulary import VOCABULARY, Reason


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    action: str
    at: str
    key: Any
    of: str


@dataclass(frozen=True, slots=True)
class Line:
    cells: Sequence[object]
    buttons: Sequence[Button] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Line]
    none: str = ""
    more: str = ""

    @property
    def has_buttons(self) -> bool:
        return any(row.buttons for row in self.rows)

    @property
    def is_late(self) -> bool:
        return any(row.is_late for row in self.rows)


def page(_request: HttpRequest) -> dict[str, Any]:
    return {"tables": [_waiting(), _parked(), _hosts(), _unscored(), _behind(), _uploads(), _states()]}


def _waiting() -> Table:
    longest = LONGEST_S[SubmissionState.WAITING]
    rows = [
        Line(
            (link(row), row.model.team, row.track, _told(row), amounts.duration(aged.age_s)),
            (_button("Go on", "release", row), _button("Withdraw", "withdraw", row)),
            aged.age_s > longest,
        )
        for aged in stuck.waiting()
        for row in (aged.row,)
    ]
    heads = ("Submission", "Team", "Track", "Why", "Since")
    more = changelist(models.Submission, state__exact=SubmissionState.WAITING)
    return Table("waiting", "Submissions that wait for us", heads, rows, "None waits.", more if rows else "")


def _parked() -> Table:
    rows = [
        Line(
            (link(one.run), one.run.team, one.run.failures_of_ours, _reasons(one.attempts)),
            (_button("Try again", "release", one.run),),
        )
        for one in stuck.parked()
    ]
    heads = ("Run", "Team", "Failures of ours", "Why, last first")
    more = changelist(models.Run, state__exact=RunState.PARKED)
    return Table("parked", "Parked runs", heads, rows, "None is parked.", more if rows else "")


def _hosts() -> Table:
    rows = []
    for line in stuck.hosts():
        host = line.host
        turn = _button("Put back", "undrain", host) if host.is_draining else _button("Drain", "drain", host)
        empty = [_button("Give up what it runs", "empty", host)] if line.n_open else []
        said = "never" if line.age_s is None else f"{amounts.duration(line.age_s)} ago"
        is_late = line.condition in (Condition.SILENT, Condition.UNFIT)
        cells = (link(host), line.condition, host.unfit or "–", said, line.n_open, amounts.memory(host.free_disk_mb))
        rows.append(Line(cells, (turn, *empty), is_late))
    heads = ("Host", "Condition", "What it says", "Last heard", "Attempts on it", "Free disk")
    return Table("hosts", "Hosts", heads, rows, "No host is known: add one with manage.py add_host.")


def _unscored() -> Table:
    longest = LONGEST_S[SubmissionState.SCORING]
    rows = [
        Line(
            (link(row), _asked(row), amounts.duration(aged.age_s), row.scoring_asked_at or "never"),
            is_late=row.finished_at is None and aged.age_s > longest,
        )
        for aged in stuck.unscored()
        for row in (aged.row,)
    ]
    heads = ("Evaluation", "What for", "In its state since", "Scorer last told")
    return Table("scoring", "Scoring backlog", heads, rows, "The scorer has nothing to do.")


def _behind() -> Table:
    rows = [
        Line((link(one.track), one.n_boards), (_button("Make its boards again", "boards", one.track),))
        for one in stuck.behind()
    ]
    return Table("behind", "Boards behind what is published", ("Track", "Boards"), rows, "None.")


def _uploads() -> Table:
    rows = []
    for aged in stuck.unfinished_uploads():
        upload, (here, of) = aged.row, map(amounts.size, (aged.row.received_bytes, aged.row.size_bytes))
        cells = (link(upload), upload.team, here, of, amounts.duration(aged.age_s))
        rows.append(Line(cells, (_button("Remove", "remove", upload),)))
    heads = ("Upload", "Team", "Here", "Of", "Last piece")
    return Table("uploads", "Uploads that nobody goes on with", heads, rows, "Nobody left one for an hour.")


def _states() -> Table:
    rows = []
    for one in operating.in_states():
        name = format_html('<a href="{}">{}</a>', changelist(models.Submission, state__exact=one.state), one.state)
        oldest = amounts.duration(one.oldest_s) if one.count and one.longest_s else "–"
        longest = amounts.duration(one.longest_s) if one.longest_s else "–"
        rows.append(Line((name, one.count, oldest, longest), is_late=one.is_late))
    heads = ("State", "Submissions", "Oldest", "Told after")
    return Table("states", "Submissions by state", heads, rows)


def _button(label: str, action: str, row: Row) -> Button:
    return Button(label, action, changelist(type(row)), row.pk, str(row))


def _told(submission: models.Submission) -> str:
    known = submission.told in list(Reason)
    sentence = VOCABULARY[Reason(submission.told)].sentence if known else "Its state took too long."
    return f"{sentence} {submission.told_detail}".strip()


def _asked(evaluation: models.Evaluation) -> str:
    card = getattr(evaluation, "scorecard", None)
    return f"again: {card.rescore_why}" if card is not None and card.rescore_why else "its first scores"


def _reasons(attempts: Sequence[models.Attempt]) -> SafeString:
    lines = format_html_join(
        "", "<li>{}: {}</li>", ((link(one.host), one.reason or "no reason given") for one in attempts)
    )
    return format_html('<ul class="reasons">{}</ul>', lines)
