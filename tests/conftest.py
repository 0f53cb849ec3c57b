"""For all tests: no test fails because the machine is slow, and one PostgreSQL serves all that ask for a database."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_django import DjangoDbBlocker

settings.register_profile("holdout", deadline=None)
settings.load_profile("holdout")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """DATABASE_URL is used where it is set; elsewhere a server of our own, one for each xdist worker.

    It stands here alone: a folder with one of its own would be given an empty database when all tests run together.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    from django.db import connections

    from tests.site.services import running_postgres

    with running_postgres() as postgres:
        connections.databases["default"].update(
            NAME="holdout", USER="postgres", PASSWORD="", HOST=str(postgres.sockets), PORT=""
        )
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """A test that commits leaves by emptying every table, the audit too: what keeps that from happening stands aside.

    The test of that rule puts it back for itself.
    """
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leaderboard_act DISABLE TRIGGER acts_are_kept")
        cursor.execute("ALTER TABLE leaderboard_opening DISABLE TRIGGER openings_are_kept")
