"""One board in a folder at a time; what a killed one leaves is no obstacle."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from leaderboard.up import folder as folders
from leaderboard.up.errors import BoardError
from leaderboard.up.folder import MARK, BoardFolder
from tests.up.waiting import until


@pytest.fixture
def place(tmp_path):
    return BoardFolder(tmp_path / "board")


def holder(place):
    script = f"""
from pathlib import Path
from leaderboard.up.folder import BoardFolder
with BoardFolder(Path({str(place.path)!r})).held():
    print("held", flush=True)
    input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_board_in_the_same_folder_is_refused_and_told_who_has_it(place):
    with holder(place) as process:
        with pytest.raises(BoardError, match=rf"runs in .* already \(process {process.pid}\).*--folder"), place.held():
            pass
        process.kill()


def test_the_lock_of_a_killed_board_is_no_obstacle(place):
    with holder(place) as process:
        process.kill()
    with place.held():
        assert (place.path / "lock").read_text() == str(os.getpid())


def test_a_secret_is_made_once_and_read_by_its_owner_alone(place):
    with place.held():
        first = place.secret("SECRET_KEY")
        assert place.secret("OTHER") != first
    assert BoardFolder(place.path).secret("SECRET_KEY") == first
    assert len(first) >= 50
    assert stat.S_IMODE((place.path / "secrets.json").stat().st_mode) == 0o600


@pytest.fixture
def left(place):
    started = []

    def start(*command):
        started.append(subprocess.Popen(command, env={**os.environ, MARK: str(place.path)}))
        until(lambda: started[-1].pid in place.marked())
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_what_a_killed_board_left_running_is_killed(place, left, monkeypatch):
    monkeypatch.setattr(folders, "PATIENCE_S", 0)
    process = left("sleep", "1000")
    assert place.clear_leftovers() == 1
    assert process.wait() == -signal.SIGKILL


def test_another_boards_processes_and_stages_are_let_live(place, left, tmp_path):
    other = left("sleep", "1000")
    assert BoardFolder(tmp_path / "another").clear_leftovers() == 0
    assert other.poll() is None
    assert place.marked() == [other.pid]
