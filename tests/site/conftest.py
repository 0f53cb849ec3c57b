"""A real Redis for every worker that asks for one."""

from collections.abc import Iterator

import pytest

from leaderboard.up.redis import Redis
from tests.site.services import running_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with running_redis() as redis:
        yield redis
