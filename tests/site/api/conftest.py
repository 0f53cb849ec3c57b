"""What tests of the API share: clients of the standing people."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from leaderboard.api import tokens
from leaderboard.models import Scope
from tests.site.builders import make_cast


@pytest.fixture(autouse=True)
def no_request_counts_for_another_test():
    cache.clear()


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def client_of():
    """A client that asks with a token of this person."""

    def make(person, *, scope=Scope.SUBMIT):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {tokens.make(person, name='test', scope=scope)[1]}")
        return client

    return make


@pytest.fixture
def anybody():
    return APIClient()
