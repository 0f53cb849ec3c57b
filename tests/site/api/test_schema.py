"""schemathesis over the API's own description: no 5xx, nothing undocumented, answers as described."""

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from leaderboard.api import tokens
from leaderboard.api.schema import description
from leaderboard.models import Run, Scope, Submission, Upload
from leaderboard.wsgi import application
from tests.site.access_world import whole_card
from tests.site.builders import make_attempt, make_cast, make_ending, make_run, make_stage, make_track, make_upload
from tests.site.pages.stored import publish, store_board, store_published

schema = schemathesis.openapi.from_dict(description())
schema.app = application
EXAMPLES = settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection(db):
    """The application closes its connection after a request: here the test's transaction lives in it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(one_connection):
    cache.clear()
    cast = make_cast()
    submission = publish(team=cast.team, track=make_track(slug="tiny"), card=whole_card())
    run = make_run(submission=submission, evaluation=submission.evaluations.get())
    make_stage(attempt=make_attempt(run=run), ending=make_ending())
    store_board(track=submission.track)
    store_published({("alpha", "beta"): 0.4})
    make_upload(team=cast.team)
    return tokens.make(cast.teammate, name="schema", scope=Scope.SUBMIT)[1]


@schema.parametrize()
@EXAMPLES
def test_nobody_breaks_it(case, token):
    cache.clear()
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@schema.parametrize()
@EXAMPLES
def test_a_member_breaks_nothing(case, token):
    cache.clear()
    there = what_is_there(case)
    case.path_parameters = {name: there.get(name, value) for name, value in (case.path_parameters or {}).items()}
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, excluded_checks=[positive_data_acceptance])


def what_is_there(case):
    """So that more than the way to "not found" is tried: what the names of an address stand for."""
    submission = Submission.objects.first()
    slugs = {"tracks": "tiny", "models": submission.model.slug, "published": "paper"}
    return {
        "submission_id": str(submission.pk),
        "run_id": Run.objects.values_list("pk", flat=True).first(),
        "upload_id": str(Upload.objects.values_list("pk", flat=True).first()),
        "track": "tiny",
        "slug": slugs.get(case.path.split("/")[3]),
        "release": submission.track.release.release_id,
    }
