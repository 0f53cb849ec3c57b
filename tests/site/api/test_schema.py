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
from leaderboard.models import Scope
from leaderboard.states import SubmissionState
from leaderboard.wsgi import application
from tests.site.builders import make_cast, make_submission, make_track, make_upload

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
    make_track(slug="tiny")
    make_submission(team=cast.team, state=SubmissionState.PUBLISHED)
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
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, excluded_checks=[positive_data_acceptance])
