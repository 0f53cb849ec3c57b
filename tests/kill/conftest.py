"""One board for all tests of a module, and what a submission scores when nobody disturbs it."""

import re

import pytest

from tests.kill import ending
from tests.kill.board import running_board


@pytest.fixture(scope="module")
def standing():
    with running_board() as board:
        yield board


@pytest.fixture(scope="module")
def undisturbed(standing):
    """Its scores: everybody sends the same model."""
    standing.submit("Undisturbed")
    return ending.scores_of(standing, ending.published(standing, "Undisturbed"))


@pytest.fixture
def board(standing, undisturbed):
    """The next test finds a board on which nothing is under way, even when this one has failed."""
    yield standing
    standing.withdraw_all()


@pytest.fixture
def name(request):
    """Of a model, so without brackets."""
    return re.sub(r"[^a-z-]+", " ", request.node.name).strip()


@pytest.fixture
def ends_right(board, undisturbed, name):
    """Published once, by itself, with the scores of an undisturbed one, and nothing left."""

    def check():
        assert ending.scores_of(board, ending.published(board, name)) == undisturbed

    return check
