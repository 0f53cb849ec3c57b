"""Two curators, a scorer's public key, and a board that has walls."""

import pytest

from evaluator.sealing import keys
from tests.site.builders import make_person


@pytest.fixture(autouse=True)
def walls(settings, tmp_path):
    settings.DEMONSTRATION = False
    settings.STORAGE = str(tmp_path / "storage")
    settings.SCORER_PUBLIC = tmp_path / "scorer"
    keys.make(settings.SCORER_PUBLIC)


@pytest.fixture
def ann(db):
    return make_person(name="ann", curator=True)


@pytest.fixture
def ben(db):
    return make_person(name="ben", curator=True)
