"""Where a submission stands."""

import pytest

from evaluator.agent.messages import StageKind
from evaluator.sandbox.outcomes import Outcome
from leaderboard.models import Submission
from leaderboard.reads.submissions import Done, Standing, done, logs, runs_of, steps
from leaderboard.states import AttemptState, Purpose, RunState, StageState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_ending,
    make_model,
    make_run,
    make_stage,
    make_submission,
    make_track,
)

pytestmark = pytest.mark.django_db


def test_a_running_submission_has_done_what_is_behind_it():
    submission = make_submission(state="running")
    standing = [step.standing for step in steps(submission, ())]
    assert standing == [Standing.DONE] * 4 + [Standing.NOW] + [Standing.AHEAD] * 2


def test_a_published_submission_has_done_everything():
    assert {step.standing for step in steps(make_submission(state="published"), ())} == {Standing.DONE}


@pytest.mark.parametrize(
    ("state", "purpose", "expected"),
    [
        ("rejected", None, SubmissionState.RECEIVED),
        ("rejected", Purpose.CHECK, SubmissionState.CHECKING),
        ("rejected", Purpose.SMOKE, SubmissionState.SMOKE),
        ("withdrawn", Purpose.TRACK, SubmissionState.QUEUED),
    ],
)
def test_one_that_left_the_path_is_shown_where_it_stopped(state, purpose, expected):
    submission = make_submission(state=state)
    if purpose:
        make_run(submission=submission, purpose=purpose)
    (stopped,) = [step for step in steps(submission, runs_of(submission)) if step.standing is Standing.STOPPED]
    assert stopped.state is expected


def test_one_that_waits_for_us_with_every_run_done_is_held_at_scoring():
    submission = make_submission(state="waiting")
    make_run(submission=submission, state=RunState.DONE)
    (held,) = [step for step in steps(submission, runs_of(submission)) if step.standing is Standing.HELD]
    assert held.state is SubmissionState.SCORING


def test_stages_that_do_not_exist_yet_are_counted_from_the_track():
    # check 1, smoke 1 + 2 targets, track 2 sources × 1 split × 2 arms = 4 runs × 3 stages
    submission = make_submission(track=make_track())
    assert done(submission, ()) == Done(0, 1 + 3 + 12)


def test_stages_done_are_those_that_finished_in_the_latest_attempt():
    submission = make_submission(state="running", track=make_track())
    run = make_run(submission=submission, state=RunState.RUNNING)
    lost = make_attempt(run=run, state=AttemptState.GIVEN_UP)
    make_stage(attempt=lost, state=StageState.ENDED, ending=make_ending())
    attempt = make_attempt(run=run)
    make_stage(
        attempt=attempt, state=StageState.ENDED, ending=make_ending(wall_s=2.5), kind=StageKind.TRAIN, key="train-2"
    )
    make_stage(attempt=attempt, kind=StageKind.INFER)
    (line,) = runs_of(submission)
    assert (line.n_done, line.n_stages, line.n_lost, line.wall_s) == (1, 3, 1, 2.5)
    assert [(stage.key == "train-2", stage.outcome) for stage in line.stages] == [
        (True, Outcome.FINISHED),
        (False, None),
    ]


def test_no_run_adds_a_query(django_assert_num_queries):
    track = make_track()
    model = make_model()
    for n_runs in (1, 12):
        submission = make_submission(state="running", track=track, model=model)
        for _ in range(n_runs):
            attempt = make_attempt(run=make_run(submission=submission, state=RunState.DONE), state=AttemptState.DONE)
            make_stage(attempt=attempt, state=StageState.ENDED, ending=make_ending())
        read = Submission.objects.select_related("track").get(pk=submission.pk)
        with django_assert_num_queries(2):
            lines = runs_of(read)
        assert done(read, lines).done == n_runs


def test_logs_are_read_for_one_run_alone():
    run = make_run()
    stage = make_stage(attempt=make_attempt(run=run), ending=make_ending() | {"log": {"head": "one", "tail": ""}})
    make_stage(ending=make_ending() | {"log": {"head": "another's", "tail": ""}})
    assert logs(run_id=run.pk) == {stage.key: {"head": "one", "tail": ""}}
