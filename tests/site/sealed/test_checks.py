"""What stops the start of a process that knows too much, and how the roles of the database are made."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from leaderboard import checks
from leaderboard.sealed import grants

SCORERS = {"HOLDOUT_SCORER_DATABASE_URL": "postgresql://holdout_scorer:x@db/holdout"}


@pytest.fixture
def found(settings, monkeypatch, tmp_path):
    def found(*, keys, demonstration=False, broker="redis://sealed", **environment):
        for name in ("DATABASE_URL", "HOLDOUT_HOST_BROKER", *SCORERS):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.DEMONSTRATION = demonstration
        settings.SCORER_KEYS = tmp_path if keys else None
        settings.SCORER_BROKER_URL, settings.HOST_BROKER_URL = broker, "redis://hosts"
        return [one.id for one in checks.scorer()]

    return found


def test_the_site_and_the_scorer_each_start_with_what_is_theirs(found):
    assert found(keys=False, DATABASE_URL="postgresql://db/x", HOLDOUT_HOST_BROKER="redis://hosts") == []
    assert found(keys=True, **SCORERS) == []


def test_a_process_of_the_site_that_knows_the_scorers_keys_does_not_start(found):
    assert found(keys=True, DATABASE_URL="postgresql://db/x") == ["holdout.E011"]
    assert found(keys=False, **SCORERS) == ["holdout.E011"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "HOLDOUT_HOST_BROKER"])
def test_a_scorer_that_is_told_the_sites_addresses_does_not_start(found, name):
    assert found(keys=True, **SCORERS, **{name: "redis://x"}) == ["holdout.E012"]


def test_a_queue_that_hosts_reach_is_refused(found):
    assert found(keys=False, broker="redis://hosts") == ["holdout.E013"]


def test_a_demonstration_has_no_walls_to_check(found):
    assert found(keys=True, demonstration=True, broker="redis://hosts", DATABASE_URL="postgresql://db/x") == []


def has_password(role):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolpassword IS NOT NULL, rolsuper FROM pg_authid WHERE rolname = %s", [role])
        return cursor.fetchone()


@pytest.mark.django_db
def test_a_new_role_is_shown_its_address_once(capsys):
    call_command("grant_scorer", "--role", "some_scorer")
    assert "HOLDOUT_SCORER_DATABASE_URL=postgresql://some_scorer:" in capsys.readouterr().out
    assert has_password("some_scorer") == (True, False)
    call_command("grant_scorer", "--role", "some_scorer")
    assert "postgresql://" not in capsys.readouterr().out


@pytest.mark.django_db
def test_a_password_that_is_given_is_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("SITE_PASSWORD", "given-by-the-operator")
    call_command("grant_scorer", "--site", "--role", "some_site", "--password-from", "SITE_PASSWORD")
    assert "given-by-the-operator" not in capsys.readouterr().out
    assert has_password("some_site") == (True, False)


@pytest.mark.django_db
def test_a_server_that_asks_for_no_password_gets_a_role_without_one(capsys):
    call_command("grant_scorer", "--role", "some_scorer", "--no-password")
    assert has_password("some_scorer") == (False, False)


@pytest.mark.django_db
def test_a_password_that_is_nowhere_is_asked_for():
    with pytest.raises(CommandError, match="NOWHERE is not set"):
        call_command("grant_scorer", "--password-from", "NOWHERE")


@pytest.mark.django_db
def test_a_role_that_may_make_no_roles_is_told_to_be_the_owner():
    grants.grant("some_site", grants.site_rights())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE some_site")
    with pytest.raises(CommandError, match="owns the tables"):
        call_command("grant_scorer", "--role", "another")
