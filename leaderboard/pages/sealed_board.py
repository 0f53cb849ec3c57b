"""A board on sealed studies: released values alone, with what was fixed before their answers were."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from leaderboard.models import SealedScore, SealedStudy
from leaderboard.pages.board_asked import Asked, AskedError, Marks
from leaderboard.pages.board_choices import Choice
from leaderboard.pages.board_lines import rank_text
from leaderboard.pages.board_views import NoBoardError, shell
from leaderboard.pages.conditional import page_tag, ready, tagged
from leaderboard.pages.figures import Figure, figure, metric_name
from leaderboard.reads import boards as stored
from leaderboard.reads.sealed_scores import certified, released_scores, scored_studies
from leaderboard.states import StudyState

MARKS = {Marks.ALL: "all", Marks.PROSPECTIVE: "prospective", Marks.BLIND: "blind"}


@dataclass(frozen=True, slots=True)
class Row:
    """`note` says why a released score has no number; `certificate` is where its certificate is, if it has one."""

    rank: str
    tie_group: str
    model: str
    slug: str
    beside: str
    values: tuple[Figure, ...]
    note: str
    is_prospective: bool
    is_blind: bool
    is_superseded: bool
    certificate: str


@dataclass(frozen=True, slots=True)
class Section:
    """`sources` are the columns; none where its curator lets ranks out alone."""

    name: str
    state: str
    metric: str
    sources: tuple[str, ...]
    rows: tuple[Row, ...]
    n_all: int


def sealed_board(request: HttpRequest, track: str, asked: Asked) -> HttpResponseBase:
    found = stored.board_page(track=track, metric=stored.USUAL_METRIC, target="")
    if found is None:
        raise NoBoardError
    studies = scored_studies(track)
    study = _asked_study(studies, asked)
    scores = released_scores(study) if study else []
    signed = certified(scores)
    stamps = [*map(_stamp_of_study, studies), *map(_stamp, scores), str(sorted(signed))]
    tag = page_tag(request, asked.query(), found.tag, *stamps)
    if answer := ready(request, tag):
        return answer
    context: dict[str, object] = {
        "section": study and section(study, scores, asked, signed),
        "studies": [Choice(str(one), asked.but(target=str(one)).query(), one == study) for one in studies],
        "marks": [Choice(label, asked.but(marks=mark).query(), mark == asked.marks) for mark, label in MARKS.items()],
        "is_live": any(one.state == StudyState.LIVE for one in studies),
    }
    return tagged(render(request, "boards/board.html", shell(found, track, asked) | context), tag)


def section(study: SealedStudy, scores: Sequence[SealedScore], asked: Asked, signed: Container[int]) -> Section:
    """A filter leaves rows out and changes no rank."""
    metric = next((one.released["metric"] for one in scores if "metric" in one.released), "")
    sources = sorted({source for one in scores for source in one.released.get("sources", {})})
    rows = [
        _row(one, sources, _certificate(study, one) if one.evaluation_id in signed else "")
        for one in sorted(scores, key=_place)
        if _is_asked(one, asked)
    ]
    return Section(str(study), study.state, metric_name(metric), tuple(sources), tuple(rows), len(scores))


def _asked_study(studies: Sequence[SealedStudy], asked: Asked) -> SealedStudy | None:
    if not asked.target:
        return studies[0] if studies else None
    found = next((study for study in studies if str(study) == asked.target), None)
    if found is None:
        there = ", ".join(map(str, studies)) or "none yet"
        raise AskedError(f"There is no sealed study “{asked.target[:40]}” with scores here; these are: {there}.")
    return found


def _is_asked(score: SealedScore, asked: Asked) -> bool:
    return {Marks.PROSPECTIVE: score.is_prospective, Marks.BLIND: score.is_blind}.get(asked.marks, True)


def _row(score: SealedScore, sources: Sequence[str], certificate: str) -> Row:
    submission, released = score.evaluation.submission, score.released
    rank = released.get("rank") or {}
    values = released.get("sources", {})
    return Row(
        rank=rank_text([rank["first"], rank["last"]]) if rank else "",
        tie_group=str(rank.get("tie_group") or ""),
        model=submission.model.name,
        slug=submission.model.slug,
        beside=f"{submission.model.kind} · {submission.model.team} · v{submission.version}",
        values=tuple(figure(values.get(source)) for source in sources) if values else (),
        note=str(released.get("ladder", "")),
        is_prospective=score.is_prospective,
        is_blind=score.is_blind,
        is_superseded=score.is_superseded,
        certificate=certificate,
    )


def _certificate(study: SealedStudy, score: SealedScore) -> str:
    """The newest one: what was signed while the study was live is rounded."""
    submission = score.evaluation.submission
    at = reverse("model_certificate", args=[submission.model.slug, submission.version])
    return f"{at}?study={study.study_id}"


def _place(score: SealedScore) -> tuple[bool, tuple[int, int], str]:
    rank = score.released.get("rank") or {}
    name = score.evaluation.submission.model.name.casefold()
    return not rank, (rank["first"], rank["last"]) if rank else (0, 0), name


def _stamp_of_study(study: SealedStudy) -> str:
    return f"{study} {study.state}"


def _stamp(score: SealedScore) -> str:
    submission = score.evaluation.submission
    marks = f"{score.is_prospective} {score.is_blind} {score.is_superseded}"
    return f"{submission.model.name} {submission.model.team} {submission} {marks} {score.released}"
