"""Every part killed -9 in every state of a submission, each while the step out of that state is being written."""

import pytest

from leaderboard.states import SubmissionState
from tests.kill.board import PARTS
from tests.kill.moments import held

pytestmark = pytest.mark.slow
S = SubmissionState
STATES = (S.RECEIVED, S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING, S.SCORING)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_dies_while_a_submission_leaves_a_state(board, name, ends_right, part, state):
    with held(board, "submission", f"OLD.state = '{state}' AND NEW.state <> OLD.state") as moment:
        board.submit(name)
        moment.wait()
        board.kill(part)
    ends_right()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_dies_again_and_again(board, name, ends_right, part):
    """As often as a consumer may hold messages, so that none is left deaf by what it could not acknowledge."""
    submission = board.submit(name)
    for _ in range(10):
        with held(board, "submission", "NEW.state <> OLD.state") as moment:
            board.until("it goes on", lambda moment=moment: moment.has_come() or board.state(submission) == S.PUBLISHED)
            board.kill(part)
    ends_right()
