"""Prospective, blind or neither: a function of dates and people."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from leaderboard.sealed.prospective import Fixed, Standing, judged

MEASURED, READABLE = date(2026, 3, 1), date(2026, 6, 1)
EARLY, BETWEEN, LATE = (datetime(2026, month, 15, tzinfo=UTC) for month in (2, 4, 7))
FIXED = Fixed(image=EARLY, data=EARLY, seeds=EARLY, track=EARLY)
P, B, N = Standing


def standing(**values):
    return judged(replace(FIXED, **values), measured_at=MEASURED, readable_at=READABLE)


@pytest.mark.parametrize("part", ["image", "data", "seeds", "track"])
@pytest.mark.parametrize(("when", "expected"), [(EARLY, P), (BETWEEN, B), (LATE, N)])
def test_the_part_that_was_fixed_last_decides(part, when, expected):
    assert standing(**{part: when}).standing is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), P),
        (datetime(2026, 3, 1, tzinfo=UTC), B),
        (datetime(2026, 5, 31, 23, 59, tzinfo=UTC), B),
        (datetime(2026, 6, 1, tzinfo=UTC), N),
    ],
)
def test_what_was_fixed_on_the_day_itself_was_not_fixed_before_it(when, expected):
    assert standing(image=when).standing is expected


@pytest.mark.parametrize(
    ("until", "expected"), [(date(2026, 2, 1), P), (date(2026, 3, 1), B), (date(2026, 6, 1), N), (None, N)]
)
def test_declared_pretraining_counts_as_training_data(until, expected):
    judgement = standing(pretraining="a foundation model", pretrained_until=until)
    assert judgement.standing is expected
    assert "pretrained" in judgement.why or expected is P


def test_somebody_on_both_sides_voids_both():
    judgement = standing(shared_people=["person 7"])
    assert (judgement.is_prospective, judgement.is_blind) == (False, False)
    assert "person 7" in judgement.why


def test_a_prospective_score_is_blind_too():
    assert (standing().is_prospective, standing().is_blind) == (True, True)
    between = standing(image=BETWEEN)
    assert (between.is_prospective, between.is_blind) == (False, True)


def test_the_reason_names_what_was_fixed_last_and_when():
    assert standing(track=BETWEEN).why == (
        "the track, the last part of it to be fixed, was so on 2026-04-15; "
        "nobody outside could read the answers before 2026-06-01"
    )
