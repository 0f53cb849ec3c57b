"""Parts are kept alive, and end when they should. The parts here are small shells."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.up import supervisor as supervising
from leaderboard.up.account import dying_with_parent
from leaderboard.up.errors import BoardError
from leaderboard.up.supervisor import Part, StoppedError, Supervisor
from tests.up.waiting import until


def shell(name, script, **options):
    command = [*dying_with_parent("TERM"), "sh", "-c", script]
    return Part(name=name, command=command, environment=dict(os.environ), **{"order": 0, **options})


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    supervisor = Supervisor(logs=tmp_path / "logs", say=said.append, first_delay_s=0.01)
    yield supervisor
    supervisor.stop()


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_part_that_is_killed_starts_again(supervisor, said):
    supervisor.start([shell("part", "exec sleep 1000")])
    first = supervisor.pid("part")
    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.pid("part") not in (None, first), supervisor.watch)
    assert "part: died (SIGKILL), starts again in 0.0 s" in said


def test_what_a_killed_part_leaves_behind_is_killed_before_it_starts_again(supervisor, tmp_path):
    children = tmp_path / "children"
    supervisor.start([shell("part", f"sleep 1000 & echo $! >> {children}; wait")])
    until(children.exists)
    until(children.read_text)
    first = int(children.read_text().split()[0])
    os.kill(supervisor.pid("part"), signal.SIGKILL)
    until(lambda: len(children.read_text().split()) == 2, supervisor.watch)
    until(lambda: not is_alive(first))


def test_a_part_that_keeps_dying_is_started_less_and_less_often(supervisor, said):
    supervisor.start([shell("part", "exec sleep 1000")])
    for deaths in range(1, 5):
        until(lambda: supervisor.pid("part"), supervisor.watch)
        os.kill(supervisor.pid("part"), signal.SIGKILL)
        until(lambda deaths=deaths: len([line for line in said if "died" in line]) == deaths, supervisor.watch)
    assert [line.split()[-2] for line in said if "died" in line] == ["0.0", "0.0", "0.0", "0.1"]  # .01, .02, .04, .08


def test_parts_start_in_order_each_when_those_before_answer_and_stop_in_reverse(supervisor, tmp_path):
    story = tmp_path / "story"

    def part(name, order):
        said = f"echo {name} stops >> {story}; exit"
        script = f"trap '{said}' TERM; echo {name} starts >> {story}; while :; do sleep .01; done"
        started = f"{name} starts"
        return shell(name, script, order=order, answers=lambda: story.exists() and started in story.read_text())

    supervisor.start([part("site", 1), part("server", 0)])
    supervisor.stop()
    assert story.read_text().splitlines() == ["server starts", "site starts", "site stops", "server stops"]


def test_a_part_that_does_not_want_to_stop_is_killed(supervisor, tmp_path):
    ready = tmp_path / "ready"
    supervisor.start([shell("part", f"trap '' TERM; touch {ready}; while :; do sleep 1000; done", stop_s=0.01)])
    until(ready.exists)
    pid = supervisor.pid("part")
    supervisor.stop()
    assert not is_alive(pid)


def test_parts_end_with_a_supervisor_that_is_killed(tmp_path):
    script = f"""
import sys
from pathlib import Path
from leaderboard.up.supervisor import Supervisor
from tests.up.test_supervisor import shell
supervisor = Supervisor(logs=Path({str(tmp_path)!r}), say=lambda line: None)
supervisor.start([shell("part", "exec sleep 1000")])
print(supervisor.pid("part"), flush=True)
supervisor.run()
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with process:
        part = int(process.stdout.readline())
        process.kill()
    until(lambda: not is_alive(part))


def test_a_part_whose_supervisor_died_before_it_could_ask_for_the_signal_does_not_start(tmp_path):
    started = tmp_path / "started"
    part = [*dying_with_parent("TERM"), "touch", str(started)]
    subprocess.run(["sh", "-c", '"$@"; true', "another parent", *part], check=True)
    assert not started.exists()
    subprocess.run(part, check=True)
    assert started.exists()


def test_a_part_that_never_answers_is_named_with_the_end_of_its_log(supervisor, monkeypatch):
    monkeypatch.setattr(supervising, "START_S", 0)
    part = shell("part", "echo no such setting; exec sleep 1000", answers=lambda: False)
    with pytest.raises(BoardError, match=r"part does not start; the end of .*part\.log"):
        supervisor.start([part])


def test_waiting_ends_when_the_board_is_told_to_stop(supervisor):
    supervisor.stopping.set()
    with pytest.raises(StoppedError):
        supervisor.start([shell("part", "exec sleep 1000", answers=lambda: False)])


def test_a_log_is_cut_when_it_grows_too_long(supervisor, monkeypatch):
    monkeypatch.setattr(supervising, "LOG_MOST_BYTES", 1000)
    log, cut = supervisor.logs / "part.log", supervisor.logs / "part.log.1"
    supervisor.start([shell("part", "head -c 5000 /dev/zero; exec sleep 1000")])
    until(cut.exists, supervisor.watch)
    until(lambda: log.stat().st_size <= 1000, supervisor.watch)


def test_a_command_that_runs_once_leaves_its_answer_and_its_output(supervisor):
    supervisor.logs.mkdir()
    assert supervisor.once("task", ["sh", "-c", "echo done; exit 3"], dict(os.environ)) == 3
    assert supervisor.last_lines("task") == "done"


def test_a_command_that_runs_once_ends_with_the_board(supervisor):
    supervisor.logs.mkdir()
    supervisor.stopping.set()
    with pytest.raises(StoppedError):
        supervisor.once("task", ["sleep", "1000"], dict(os.environ))
