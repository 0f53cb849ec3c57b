"""Which parts a board has, and what each is told."""

from pathlib import Path

import pytest

from evaluator.agent.settings import HostSettings
from evaluator.engine.host import SandboxKind
from leaderboard.up.board import Board

SECRETS = ("the-key", "db-password", "redis-password", "mail-password", "token")


@pytest.fixture
def board(tmp_path):
    def make(**given):
        return Board(
            folder=tmp_path,
            port=8000,
            sandbox=SandboxKind.PROCESS,
            secret_key="the-key",
            given={"PATH": "/bin", **given},
        )

    return make


def names(parts):
    return [part.name for part in parts]


def test_a_host_is_told_no_password_and_no_key(board):
    told = board(
        DATABASE_URL="postgresql://site:db-password@db/holdout",
        REDIS_URL="redis://:redis-password@site",
        EMAIL_HOST_PASSWORD="mail-password",
        GITHUB_SECRET="token",
    ).host_environment()
    assert not [value for value in told.values() if any(secret in value for secret in SECRETS)]


def test_a_host_is_told_all_that_it_needs(board):
    made = board(HOLDOUT_REGISTRIES="registry.example.org")
    made.releases.mkdir()
    settings = HostSettings.read(made.host_environment())
    assert (settings.name, settings.folder, settings.releases) == ("local", made.host_folder, made.releases)
    assert settings.broker == made.site_environment()["HOLDOUT_HOST_BROKER"]
    assert settings.storage == made.site_environment()["HOLDOUT_STORAGE"]
    assert [registry.host for registry in settings.registries] == ["registry.example.org"]


def test_the_hosts_broker_is_not_the_sites(board):
    site = board().site_environment()
    assert site["REDIS_URL"] != site["HOLDOUT_HOST_BROKER"]
    assert names(board().servers()) == ["postgres", "redis-site", "redis-hosts"]


def test_servers_that_are_named_are_used_instead_of_ours(board):
    named = {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://a", "HOLDOUT_HOST_BROKER": "redis://b"}
    made = board(**named)
    assert made.servers() == []
    assert {name: made.site_environment()[name] for name in named} == named


def test_an_empty_variable_is_one_that_is_not_set(board, tmp_path):
    site = board(SECRET_KEY="", DATABASE_URL="").site_environment()
    assert site["SECRET_KEY"] == "the-key"
    assert site["DATABASE_URL"] == f"postgresql://postgres@/holdout?host={tmp_path / 'postgres-socket'}"


def test_a_board_keeps_to_its_own_folder(board, tmp_path):
    assert board(HOLDOUT_VAR="/elsewhere").site_environment()["HOLDOUT_VAR"] == str(Path(tmp_path))


@pytest.fixture
def sealed(board, tmp_path):
    """A board whose scorer has keys, and an environment with everybody's secrets in it."""
    (tmp_path / "scorer" / "keys").mkdir(parents=True)
    return board(
        DATABASE_URL="postgresql://site:db-password@db/holdout",
        REDIS_URL="redis://:redis-password@site",
        HOLDOUT_HOST_BROKER="redis://:hosts-password@hosts",
        HOLDOUT_SCORER_DATABASE_URL="postgresql://scorer:scorer-password@db/holdout",
        HOLDOUT_SCORER_BROKER="redis://:sealed-password@sealed",
        EMAIL_HOST_PASSWORD="mail-password",
        GITHUB_SECRET="token",
    )


def test_the_scorers_keys_and_role_are_told_to_the_scorer_alone(sealed, tmp_path):
    for part in sealed.processes():
        told = " ".join([*part.environment.values(), *part.command])
        knows = "scorer-password" in told, str(tmp_path / "scorer" / "keys") in told
        assert knows == ((True, True) if part.name == "sealed-scorer" else (False, False)), part.name


def test_the_scorer_is_told_nothing_of_the_sites_secrets(sealed):
    told = sealed.scorer_environment()
    secrets = (*SECRETS, "hosts-password")
    assert not [name for name, value in told.items() if any(secret in value for secret in secrets)]
    assert "DATABASE_URL" not in told


def test_a_host_is_not_told_of_the_scorers_broker(sealed):
    assert not [value for value in sealed.host_environment().values() if "sealed" in value or "scorer" in value]


def test_a_board_whose_database_has_no_role_for_the_scorer_runs_without_one(board, tmp_path):
    (tmp_path / "scorer" / "keys").mkdir(parents=True)
    named = {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://a", "HOLDOUT_HOST_BROKER": "redis://b"}
    assert "sealed-scorer" not in names(board(**named).processes())
    assert "sealed-scorer" in names(board().processes())


def test_without_a_broker_of_its_own_the_scorer_shares_the_sites_redis_and_not_the_hosts(board):
    made = board()
    told = made.scorer_environment()["HOLDOUT_SCORER_BROKER"]
    assert told == made.site_environment()["HOLDOUT_SCORER_BROKER"] == f"{made.site_redis.url}?virtual_host=1"
    assert str(made.host_redis.socket) not in told
