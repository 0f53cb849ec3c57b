"""`holdout up` as a whole, with real servers and the site's own processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from leaderboard.up.folder import BoardFolder
from tests.site.services import running_postgres
from tests.up.waiting import PATIENCE_S, until

OURS = ("SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "HOLDOUT_")


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="holdout-") as path:
        yield Path(path) / "board"


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def command(folder, port, *more):
    door = "from evaluator.cli.app import main; main()"
    options = ("--folder", str(folder), "--port", str(port), "--sandbox", "process", *more)
    return [sys.executable, "-c", door, "up", *options]


def environment(**more):
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | more


@contextmanager
def running(folder, port):
    """A board that serves its front page."""
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command(folder, port), stdout=output, stderr=output, env=environment())

    def serves():
        assert process.poll() is None, log.read_text()
        return "the board is at" in log.read_text()

    try:
        until(serves)
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def front_page(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as answer:
        return answer.status


def part(folder, name):
    started = re.findall(rf"{name}: started, process (\d+)", (folder / "logs" / "up.log").read_text())
    return int(started[-1])


def refused(folder, port, *options, **more):
    ended = subprocess.run(
        command(folder, port, *options),
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_board_outlives_its_parts_and_a_killed_board_goes_on_and_stops_clean(folder, port):
    place = BoardFolder(folder.resolve())
    with running(folder, port) as board:
        assert front_page(port) == 200
        assert "runs in" in refused(folder, port + 1)
        killed = part(folder, "postgres")
        os.kill(killed, signal.SIGKILL)
        until(lambda: part(folder, "postgres") != killed)
        until(lambda: "postgres: died (SIGKILL)" in (folder / "logs" / "up.log").read_text())
        board.kill()
    secret = place.secret("SECRET_KEY")
    with running(folder, port) as board:
        assert front_page(port) == 200
        assert place.secret("SECRET_KEY") == secret
        board.send_signal(signal.SIGINT)
        assert board.wait(PATIENCE_S) == 0
    assert place.marked() == []


def test_a_port_in_use_stops_the_start_before_anything_is_made(folder, port):
    with socket.create_server(("127.0.0.1", port)):
        assert f"port {port} cannot be used" in refused(folder, port)
    assert not (folder / "postgres").exists()


def test_a_database_that_is_not_ours_is_not_changed_unasked(folder, port):
    with running_postgres() as theirs:
        said = refused(folder, port, DATABASE_URL=theirs.url)
        assert "run once with --migrate" in said
        with closing(psycopg2.connect(theirs.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert cursor.fetchone() == (0,)
    assert not (folder / "postgres").exists()


def test_the_demonstration_fills_no_database_that_is_not_ours(folder, port):
    assert "unset DATABASE_URL" in refused(folder, port, "--demo", DATABASE_URL="postgresql://postgres@/holdout")
    assert not folder.exists()
