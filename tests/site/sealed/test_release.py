"""What leaves, as a table of state and field; how numbers are rounded; and when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.models import SealedScore
from leaderboard.sealed import release
from leaderboard.sealed.release import NOT_AHEAD, UNDEFINED, next_release, released, rounded, shown, told
from leaderboard.states import RunState, StudyState
from tests.site.builders import make_evaluation, make_run

S = StudyState
INTERVAL = {
    "estimate": 0.123456,
    "low": 0.054321,
    "high": 0.198765,
    "standard_error": 0.034567,
    "df": 9,
    "replicates": 1000,
    "too_narrow": True,
}
WHOLE = {
    "metric": "r2",
    "higher_is_better": True,
    "units": 10,
    "sources": {"alpha": INTERVAL},
    "mean": INTERVAL,
    "card": {"files": "everything"},
}
RANK = {"first": 1, "last": 2, "of": 3, "tie_group": 1}
TO_SE = {"estimate": 0.1, "low": 0.05, "high": 0.2, "too_narrow": True}  # steps of .05
SAYS = {"metric": "r2", "higher_is_better": True}
WHILE_LIVE = SAYS | {"rank": RANK, "sources": {"alpha": TO_SE}}
AFTERWARDS = SAYS | {"rank": RANK, "sources": {"alpha": INTERVAL}, "mean": INTERVAL, "card": WHOLE["card"]}
RANK_ALONE = SAYS | {"rank": RANK}
PASSED_OVER = SAYS | {"ladder": NOT_AHEAD}
TABLE = {
    # state: as usual, with the rank alone, not moved by the ladder
    S.DRAFT: ({}, {}, {}),
    S.SEALED: (WHILE_LIVE, RANK_ALONE, PASSED_OVER),
    S.LIVE: (WHILE_LIVE, RANK_ALONE, PASSED_OVER),
    S.FROZEN: (AFTERWARDS, AFTERWARDS, AFTERWARDS),
    S.RETIRED: (AFTERWARDS, AFTERWARDS, AFTERWARDS),
    S.RELEASED: (AFTERWARDS, AFTERWARDS, AFTERWARDS),
}


@pytest.mark.parametrize("state", S)
def test_what_leaves_is_what_the_table_says_and_no_more(state):
    got = tuple(
        released(WHOLE, state=state, is_rank_only=alone, is_standing=standing, rank=RANK)
        for alone, standing in ((False, True), (True, True), (False, False))
    )
    assert got == TABLE[state]


@pytest.mark.parametrize(
    ("error", "estimate"),
    [
        (0.034, 0.1),  # in steps of .05
        (0.011, 0.12),  # of .02
        (0.01, 0.12),  # of .01
        (0.0034, 0.125),  # of .005
        (0.00034, 0.123),  # of .001, the finest
        (0.0, 0.123),
        (0.099, 0.1),
        (0.34, 0.0),
        (340.0, 0.0),
    ],
)
def test_a_number_is_no_finer_than_its_standard_error_nor_than_three_decimals(error, estimate):
    assert rounded(INTERVAL | {"standard_error": error})["estimate"] == estimate


@pytest.mark.parametrize("lacking", ["estimate", "low", "high", "standard_error"])
def test_no_number_leaves_where_any_part_of_its_interval_is_undefined(lacking):
    told_of = rounded(INTERVAL | {lacking: {"undefined": "the predictions are constant"}})
    assert {told_of[name]["undefined"] for name in ("estimate", "low", "high")} == {UNDEFINED["undefined"]}


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_two_rounded_numbers_are_equal_or_a_standard_error_apart(estimate, error):
    near = [INTERVAL | {"estimate": one, "standard_error": error} for one in (estimate, estimate + error / 2)]
    step = abs(rounded(near[0])["estimate"] - rounded(near[1])["estimate"])
    assert step == 0 or step >= max(error, 0.001) * (1 - 1e-6) - 1e-9


def test_scores_are_told_at_fixed_times_alone(settings):
    settings.SEALED_RELEASE_EVERY_H = 6
    at = datetime(2026, 1, 2, 5, 59, 59, tzinfo=UTC)
    assert next_release(at) == datetime(2026, 1, 2, 6, tzinfo=UTC)
    assert next_release(datetime(2026, 1, 2, 6, tzinfo=UTC)) == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert next_release(datetime(2026, 1, 2, 23, tzinfo=UTC)) == datetime(2026, 1, 3, tzinfo=UTC)


def test_with_no_fixed_times_a_score_is_told_at_once(settings):
    settings.SEALED_RELEASE_EVERY_H = 0
    at = datetime(2026, 1, 2, 5, 59, tzinfo=UTC)
    assert next_release(at) == at


def scored(study, **values):
    evaluation = make_evaluation(study=study)
    return SealedScore.objects.create(evaluation=evaluation, study=study, **values)


@pytest.mark.django_db
def test_a_score_is_shown_from_its_time_of_release_on(study):
    now = timezone.now()
    due = scored(study, shown_from=now)
    scored(study, shown_from=None)
    scored(study, shown_from=now + timedelta(hours=1))
    assert list(shown(study, curator=False)) == [due]


@pytest.mark.django_db
@pytest.mark.parametrize("state", S)
def test_a_dry_run_is_shown_to_curators_alone(study, state):
    study.state = state
    scored(study, shown_from=timezone.now())
    assert shown(study, curator=True).count() == 1
    assert shown(study, curator=False).count() == (0 if state in (S.DRAFT, S.SEALED) else 1)


@pytest.mark.django_db
def test_a_team_is_told_one_word_and_not_before_the_time_of_release(study, settings):
    settings.SEALED_RELEASE_EVERY_H = 24
    waits, failed, failed_now = (make_evaluation(study=study) for _ in range(3))
    long_ago = timezone.now() - timedelta(days=2)
    make_run(evaluation=failed, submission=failed.submission, state=RunState.FAILED, ended_at=long_ago)
    make_run(evaluation=failed_now, submission=failed_now.submission, state=RunState.FAILED, ended_at=timezone.now())
    assert [told(one) for one in (waits, failed, failed_now)] == ["", "failed on sealed data", ""]
    assert told(scored(study, shown_from=long_ago).evaluation) == "scored"


def test_every_state_says_what_leaves_in_it():
    assert set(release.LEAVES) == set(S)
