"""Where a submission goes next, state by state."""

import pytest

from leaderboard.hosting.moves import LONGEST_S, Tally, next_state
from leaderboard.states import ACTIVE, FOLLOWS, RunState, SubmissionState

S, R = SubmissionState, RunState


@pytest.mark.parametrize(
    "state, runs, following",
    [
        (S.RECEIVED, {}, S.CHECKING),
        (S.CHECKING, {R.DONE: 1}, S.SMOKE),
        (S.CHECKING, {R.RUNNING: 1}, None),
        (S.CHECKING, {R.FAILED: 1}, S.REJECTED),
        (S.SMOKE, {R.DONE: 1}, S.QUEUED),
        (S.SMOKE, {R.PARKED: 1}, S.WAITING),
        (S.QUEUED, {R.QUEUED: 4}, None),
        (S.RUNNING, {R.DONE: 3, R.QUEUED: 1}, None),
        (S.RUNNING, {R.DONE: 4}, S.SCORING),
        (S.RUNNING, {R.DONE: 2, R.PARKED: 1, R.RUNNING: 1}, S.WAITING),
        (S.RUNNING, {R.FAILED: 1, R.PARKED: 1}, S.FAILED),
        (S.RUNNING, {}, None),
        (S.SCORING, {R.DONE: 4}, None),
        (S.WAITING, {R.PARKED: 1}, None),
    ],
)
def test_a_submission_goes_where_its_runs_are(state, runs, following):
    assert next_state(state, Tally(runs), 1.0) == following


def test_a_queued_submission_runs_once_an_attempt_has_begun():
    assert next_state(S.QUEUED, Tally({R.QUEUED: 4}, is_begun=True), 1.0) == S.RUNNING


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_every_state_has_a_longest_age_after_which_an_operator_is_told(state):
    assert next_state(state, Tally({R.DONE: 1}), LONGEST_S[state] + 1) == S.WAITING


@pytest.mark.parametrize("state", sorted(ACTIVE - {S.WAITING}))
@pytest.mark.parametrize("run", R)
@pytest.mark.parametrize("age_s", [1.0, 1e9])
def test_no_move_is_one_that_may_not_follow(state, run, age_s):
    following = next_state(state, Tally({run: 1}), age_s)
    assert following is None or following in FOLLOWS[state]
