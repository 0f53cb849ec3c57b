"""The embedded PostgreSQL: made once, whole or not at all, never somebody else's, and its data survive."""

import os
import signal
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from leaderboard.up.errors import BoardError
from leaderboard.up.postgres import FOR_TESTS, OURS, Postgres, environment
from leaderboard.up.supervisor import Part, Supervisor
from tests.up.waiting import until


@pytest.fixture
def folder():
    """Closed to everybody else, as a checkout in a home folder is; and with a short name, for sockets."""
    with tempfile.TemporaryDirectory(prefix="holdout-") as path:
        yield Path(path)


@pytest.fixture
def postgres(folder):
    return Postgres(folder=folder / "postgres", sockets=folder / "socket", options=FOR_TESTS)


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(logs=tmp_path, say=print, first_delay_s=0.01)
    yield supervisor
    supervisor.stop()


def part(postgres):
    return Part(
        name="postgres", command=postgres.command(), environment=environment(), order=0, answers=postgres.answers,
        stop_signal=signal.SIGINT, stop_s=60,
    )  # fmt: skip


def asked(postgres, sql):
    with closing(psycopg2.connect(postgres.url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_data_survive_the_kill_of_the_server_and_a_new_start(postgres, supervisor):
    postgres.make()
    supervisor.start([part(postgres)])
    asked(postgres, "CREATE TABLE kept AS SELECT 7 AS number")
    killed = supervisor.pid("postgres")
    os.kill(killed, signal.SIGKILL)
    until(lambda: supervisor.pid("postgres") != killed and postgres.answers(), supervisor.watch)
    assert asked(postgres, "SELECT number FROM kept") == [(7,)]
    supervisor.stop()
    postgres.make()
    supervisor.start([part(postgres)])
    assert asked(postgres, "SELECT number FROM kept") == [(7,)]


def test_a_first_start_that_was_killed_begins_again(postgres):
    (postgres.folder / "unfinished" / "half").mkdir(parents=True)
    (postgres.folder / OURS).touch()
    if os.geteuid() == 0:
        os.chown(postgres.folder, 65534, 65534)
    postgres.make()
    assert (postgres.data / "PG_VERSION").exists()
    assert not (postgres.folder / "unfinished").exists()


@pytest.mark.parametrize("file", ["data/PG_VERSION", "notes.txt"])
def test_a_folder_that_holds_somebody_elses_files_is_refused_and_left_as_it_is(postgres, file):
    theirs = postgres.folder / file
    theirs.parent.mkdir(parents=True)
    theirs.write_text("17\n")
    with pytest.raises(BoardError, match="--folder"):
        postgres.make()
    assert [path for path in postgres.folder.rglob("*") if path.is_file()] == [theirs]


def test_nobody_else_reaches_the_data_or_the_socket(postgres):
    postgres.make()
    assert [path.stat().st_mode & 0o077 for path in (postgres.folder, postgres.data, postgres.sockets)] == [0, 0, 0]
