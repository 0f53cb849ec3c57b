"""A submission's way through check, smoke run and track, with real agents over sandboxes without containers."""

import pytest

from evaluator.sandbox.outcomes import Outcome
from leaderboard.hosting.advance import advance
from leaderboard.models import Stage
from leaderboard.states import Purpose, RunState, SubmissionState
from tests.site.hosting.world import make_machine, received, release_row

pytestmark = pytest.mark.django_db
S = SubmissionState


@pytest.fixture
def release(tiny):
    return release_row(tiny)


@pytest.fixture
def machine(tmp_path, release):
    return make_machine("one", tmp_path, release)


def states(submission, machine, *, rounds=40, outcome=Outcome.FINISHED, until=(S.SCORING,)):
    """The states that it goes through while everything on the host ends in this way."""
    seen = [submission.state]
    for _ in range(rounds):
        advance()
        machine.talk()
        machine.finish_all(outcome)
        machine.tick()
        submission.refresh_from_db()
        if submission.state != seen[-1]:
            seen.append(submission.state)
        if submission.state in until:
            return seen
    raise AssertionError(f"it stays in {submission.state}")


def to(state, submission, machine):
    states(submission, machine, until=(state,))


def test_a_good_model_goes_all_the_way_to_scoring(tiny, release, machine):
    submission = received(tiny, release=release)
    way = [S.RECEIVED, S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING, S.SCORING]
    assert states(submission, machine) == way
    assert set(submission.runs.values_list("state", flat=True)) == {RunState.DONE}
    assert submission.runs.filter(purpose=Purpose.TRACK).count() == 2
    assert Stage.objects.filter(attempt__run__purpose=Purpose.TRACK, kind="infer").exclude(manifest="").count() == 4
    assert submission.image_id.startswith("sha256:")
    machine.talk()
    assert not machine.sandbox.specs
