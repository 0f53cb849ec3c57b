"""The builders that the site's tests stand on."""

import pytest

from tests.site import builders

pytestmark = pytest.mark.django_db


def test_a_stage_alone_brings_everything_above_it():
    stage = builders.make_stage(kind="infer")
    run = stage.attempt.run
    assert (stage.target, run.purpose, run.evaluation.submission) == ("alpha", "track", run.submission)
    assert run.team == run.submission.model.team


def test_versions_of_a_model_count_up():
    model = builders.make_model()
    assert [builders.make_submission(model=model).version for _ in range(2)] == [1, 2]


def test_the_stranger_shares_no_team_with_the_others():
    cast = builders.make_cast()
    assert set(cast.team.people.all()) == {cast.owner, cast.teammate}
    assert cast.stranger.teams.count() == 1
