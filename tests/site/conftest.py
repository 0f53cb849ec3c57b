"""A real PostgreSQL for every worker that asks for a database, and a real Redis; none is asked for in advance."""

import os
from collections.abc import Iterator

import pytest

from leaderboard.up.redis import Redis
from tests.site.services import running_postgres, running_redis


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """DATABASE_URL is used where it is set; elsewhere a server of our own, one for each xdist worker."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    from django.db import connections  # noqa: PLC0415

    with running_postgres() as postgres:
        connections.databases["default"].update(
            NAME="holdout", USER="postgres", PASSWORD="", HOST=str(postgres.sockets), PORT=""
        )
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with running_redis() as redis:
        yield redis
