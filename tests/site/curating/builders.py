"""Sealed studies as rows, without bundles: each takes only what a test is about."""

from itertools import count

from leaderboard.models import SealedScore, SealedStudy, StudyStep
from leaderboard.states import StudyState
from tests.site.builders import make_evaluation, make_person, make_submission, make_track

_numbers = count(1)
FACTS = {
    "format": 1,
    "name": "hush",
    "version": "1",
    "task": "regression",
    "response": {"column": "auc", "direction": "lower", "low": 0.0, "high": 1.0, "description": ""},
    "release_name": "tiny",
    "release_id": "0" * 64,
    "rows": 120,
    "cells": 20,
    "drugs": 8,
    "new_cells": 2,
    "new_drugs": 1,
    "producer": "A laboratory next door",
    "measured_at": "2026-09-01",
    "readable_at": "2026-10-01",
    "licence": "CC0-1.0",
    "curve_fit": "four-parameter Hill",
    "quality_filter": "R² >= 0.3",
    "dose_low_m": 1e-10,
    "dose_high_m": 1e-4,
    "description": "A screen of a laboratory.",
    "without": [],
    "table": [],
}
REPORT = {
    "version": 1,
    "stops": False,
    "headline": "It shares no more than 3% of its rows with any public study.",
    "findings": [
        {"level": "fine", "about": "range", "words": "every answer is in the range of auc"},
        {"level": "look", "about": "power", "words": "it can tell two models apart whose R² differs by 0.12 or more"},
    ],
    **{name: FACTS[name] for name in ("rows", "cells", "drugs", "new_cells", "new_drugs")},
    "spread": {"mean": 0.7, "deviation": 0.1, "outside": 0, "at_low": 0.0, "at_high": 0.0},
    "repeats": {"pairs": 118, "repeated_pairs": 2, "rows_of_repeated_pairs": 4, "equal_rows": 0},
    "overlaps": [],
    "twins": [],
    "ceiling": {"r2": None, "noise_deviation": None, "drugs": 0, "reason": "no pair has a replicate"},
    "power": {"r2": 0.12, "within_drug": 0.08, "reason": ""},
    "comparability": {"ranked": "all metrics", "why": "its answers are IMPROVE's AUC"},
}


def make_study(*, state=StudyState.DRAFT, track=None, facts=None, **values) -> SealedStudy:
    """With its validation report. What is live was made so by two curators who are nobody else."""
    number = next(_numbers)
    said = FACTS | {"version": str(number)} | (facts or {})
    usual = {
        "study_id": f"{number:064x}",
        "name": said["name"],
        "version": said["version"],
        "track": track or make_track(),
        "state": StudyState(state),
        "summary": said,
        "commitment": "c0" * 32,
        "key_id": "ab" * 32,
        "report": REPORT,
    }
    values.setdefault("uploaded_by", None)
    values["uploaded_by"] = values["uploaded_by"] or make_person(name="uploader", curator=True)
    study = SealedStudy.objects.create(**usual | values)
    reached = list(StudyState)[1 : list(StudyState).index(study.state) + 1]
    for to in reached:
        make_step(study, to)
    return study


def make_step(study, to, *, proposed_by=None, answered_by=None, is_open=False) -> StudyStep:
    from django.utils import timezone

    proposed_by = proposed_by or make_person(name="proposer", curator=True)
    values = {} if is_open else {"answered_at": timezone.now(), "is_confirmed": True}
    if not is_open:
        values["answered_by"] = answered_by or make_person(name="confirmer", curator=True)
    return StudyStep.objects.create(study=study, to=to, proposed_by=proposed_by, **values)


def make_sealed_score(study, *, model=None, released=None, submission=None, **values) -> SealedScore:
    from django.utils import timezone

    submission = submission or make_submission(model=model, track=study.track, state="published")
    evaluation = make_evaluation(submission=submission, study=study, finished_at=timezone.now())
    usual = {"released": released or {}, "shown_from": timezone.now(), "is_standing": True}
    return SealedScore.objects.create(evaluation=evaluation, study=study, **usual | values)
