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
