"""Place, start, end and cost, from stages whose durations are known."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluator.sandbox.stages import Peaks
from leaderboard.hosting.forecast import forecast, summed
from leaderboard.models import Refund, Submission
from leaderboard.states import AttemptState, RunState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_ending,
    make_host,
    make_run,
    make_stage,
    make_submission,
    make_team,
    make_track,
)

S = SubmissionState


def finished(run, kind, wall_s, *, state=AttemptState.DONE, cpu_s=None):
    """On a host that is none any more."""
    attempt = make_attempt(run=run, state=state, host=make_host(is_draining=True))
    ending = make_ending(wall_s=wall_s, peaks=Peaks(cpu_s=cpu_s))
    return make_stage(attempt=attempt, kind=kind, state="ended", ending=ending)


def a_history(track, *, train_s=100.0, infer_s=10.0):
    """Of another team's submission that has been through it."""
    run = make_run(submission=make_submission(track=track, state=S.PUBLISHED), state=RunState.DONE)
    for _ in range(3):
        finished(run, "train", train_s, cpu_s=2 * train_s)
        finished(run, "infer", infer_s, cpu_s=2 * infer_s)


def test_a_sum_scatters_by_its_terms_and_by_how_well_their_mean_is_known():
    """sd of 1, 2, 3 is 1; 4 terms: sqrt(4 + 16/3)."""
    total = summed([1.0, 2.0, 3.0], 4)
    assert total.mean == 8.0
    assert total.deviation == pytest.approx((4 + 16 / 3) ** 0.5)


@pytest.mark.django_db
def test_teams_take_turns_in_the_queue():
    one, other = make_team(), make_team()
    first, second = (make_submission(team=one, state=S.QUEUED) for _ in range(2))
    third = make_submission(team=other, state=S.RECEIVED)
    running = make_submission(team=other, state=S.RUNNING)
    assert [forecast(each).place for each in (first, third, second, running)] == [1, 2, 3, None]


@pytest.mark.django_db
def test_without_a_duration_or_a_host_nothing_is_foretold():
    track = make_track()
    submission = make_submission(track=track, state=S.QUEUED)
    make_host()
    assert forecast(submission).start is None
    assert forecast(submission).cost.expected_cpu_s is None
    a_history(track)
    assert forecast(submission).start is not None


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"is_draining": True}, {"unfit": "no"}, {"reported_at": None}])
def test_a_host_that_takes_no_work_is_no_room(values):
    track = make_track()
    a_history(track)
    submission = make_submission(track=track, state=S.QUEUED)
    make_host(**values)
    assert forecast(submission).end is None


@pytest.mark.django_db
def test_an_empty_board_begins_within_a_turn_and_ends_after_its_work():
    """4 runs of 100 s and two targets of 10 s each: 480 s; two at once: 240 s; a turn is 100 s over two: 50 s."""
    track = make_track()
    a_history(track)
    make_host(capacity={"cpus": 2.0, "memory_mb": 8192, "gpus": 0, "slots": 2})
    found, now = forecast(make_submission(track=track, state=S.QUEUED)), timezone.now()
    assert abs(found.start.expected - now - timedelta(seconds=50)) < timedelta(minutes=1)
    assert found.end.expected - found.start.expected == timedelta(seconds=240)
    assert found.start.earliest == found.start.latest  # they all took the same
    assert found.cost.expected_cpu_s == 2 * 480


@pytest.mark.django_db
def test_a_second_team_halves_what_is_left_for_one():
    track = make_track()
    a_history(track)
    make_host(capacity={"cpus": 2.0, "memory_mb": 8192, "gpus": 0, "slots": 2})
    submission = make_submission(track=track, state=S.QUEUED)
    make_submission(track=track, state=S.QUEUED)
    found = forecast(submission)
    assert found.end.expected - found.start.expected == timedelta(seconds=480)


@pytest.mark.django_db
def test_cost_leaves_out_what_was_refunded():
    submission = make_submission(state=S.RUNNING)
    run = make_run(submission=submission, state=RunState.RUNNING)
    finished(run, "train", 30.0, cpu_s=60.0)
    finished(run, "train", 20.0)  # not measured: its wall time
    lost = finished(run, "train", 10.0, cpu_s=15.0, state=AttemptState.GIVEN_UP)
    Refund.objects.create(attempt=lost.attempt, cpu_s=15.0)
    cost = forecast(Submission.objects.get(pk=submission.pk)).cost
    assert (cost.cpu_s, cost.wall_s, cost.refunded_cpu_s) == (80.0, 50.0, 15.0)
