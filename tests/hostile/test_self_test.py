"""`holdout sandbox test` says whether a host may take work, and a host that fails is named as one."""

import json
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from evaluator.cli import sandbox as command
from evaluator.sandbox.attacks import ATTACKS, SMALL, Attack
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.selftest import CORPUS, breaches, host_notes
from evaluator.sandbox.stages import Ending, Log, Peaks
from tests.sandbox.stages import docker_or_skip

NAMES = ("exit 0 without output", "output is symlink")
FEW = tuple(replace(one, wall_s=60) for one in ATTACKS if one.name in NAMES)  # a slow machine holds all the same
PROBE = Attack(name="probe", program="network", ends=Outcome.NO_OUTPUT, probes=True, holds="")
HELD = Ending(outcome=Outcome.NO_OUTPUT, exit_code=0, oom_killed=False, wall_s=1.0, log=Log("done"))


@pytest.fixture
def two_attacks(tmp_path, monkeypatch):
    docker_or_skip(tmp_path / "asked").close()
    monkeypatch.setattr(command, "ATTACKS", FEW)


def answered(*arguments):
    app = typer.Typer()
    app.add_typer(command.app, name="sandbox")
    return CliRunner().invoke(app, ["sandbox", "test", *arguments])


@pytest.mark.docker
def test_a_host_that_holds_may_take_work(two_attacks):
    result = answered()
    assert result.exit_code == 0
    assert "All 2 attacks are held." in result.stdout


@pytest.mark.docker
def test_a_host_that_does_not_hold_must_not(two_attacks, monkeypatch):
    monkeypatch.setattr(command, "ATTACKS", (FEW[0], replace(FEW[1], ends=Outcome.FINISHED)))
    result = answered("--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert not said["held"]
    assert [one["held"] for one in said["attacks"]] == [True, False]
    assert said["attacks"][1]["broken"] == ["ended as no_output, not as finished"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"outcome": Outcome.FINISHED}, "ended as finished"),
        ({"wall_s": 30.0}, "ran 30.0 s of 20"),
        ({"log": Log("reached: the network\ndone")}, "reached: the network"),
        ({"log": Log("blocked")}, "did not come to its end"),
        ({"log": Log("done" * 40_000)}, "left a log"),
        ({"peaks": Peaks(memory_mb=120)}, "took 120 MB of 96"),
        ({"peaks": Peaks(cpu_s=3)}, "took 3.0 CPU seconds"),
        ({"peaks": Peaks(written_bytes=40 << 20)}, "wrote 40 MB"),
    ],
)
def test_whatever_does_not_hold_is_said(change, word):
    assert breaches(PROBE, HELD, SMALL) == ()
    (said,) = breaches(PROBE, replace(HELD, **change), SMALL)
    assert said.startswith(word)


@pytest.mark.parametrize(("peak_mb", "is_held"), [(SMALL.memory_mb, True), (SMALL.memory_mb / 2, False), (None, False)])
def test_a_crash_at_the_memory_limit_is_held_only_where_the_engine_does_not_say_why(peak_mb, is_held):
    bomb = replace(PROBE, ends=Outcome.OUT_OF_MEMORY)
    crashed = replace(HELD, outcome=Outcome.CRASHED, peaks=Peaks(memory_mb=peak_mb))
    assert (breaches(bomb, crashed, SMALL, told_late=True) == ()) == is_held
    assert breaches(bomb, crashed, SMALL) == ("ended as crashed, not as out_of_memory",)


def test_what_a_host_cannot_enforce_is_said():
    strong = {"CgroupVersion": "2", "SecurityOptions": ["name=apparmor", "name=userns"], "SwapLimit": True}
    assert host_notes(strong) == ()
    weak = host_notes({"CgroupVersion": "1", "SecurityOptions": [], "SwapLimit": False, "PidsLimit": False})
    assert [note.partition(":")[0] for note in weak] == [
        "cgroup v1",
        "no user namespaces",
        "no AppArmor, no SELinux",
        "no swap accounting",
        "no limit on processes",
    ]


def test_every_program_of_the_corpus_is_in_the_table():
    used = {attack.program for attack in ATTACKS} | {attack.beside for attack in ATTACKS if attack.beside}
    there = {path.stem for path in CORPUS.glob("*.py")} - {"__init__", "probe", "seed_model", "encode_inputs"}
    assert there == used


def test_no_program_of_the_corpus_runs_on_a_host():
    with pytest.raises(ImportError, match="never on a host"):
        __import__("evaluator.sandbox.corpus.probe")
    for path in CORPUS.glob("*.py"):
        assert path.stem in ("__init__", "probe") or "evaluator.sandbox.corpus.probe" in path.read_text()


def test_attacks_are_short_and_none_is_ours_but_the_one_that_fakes_it():
    assert all(attack.wall_s <= 60 for attack in ATTACKS)
    assert SMALL.memory_mb <= 128
    assert [attack.name for attack in ATTACKS if attack.ends.fault is Fault.OURS] == ["kills its wrapper"]
