"""Whether this host may take new work, and one sentence of why not."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluator.agent.releases import Releases
from evaluator.engine.host import SandboxKind, open_sandbox
from evaluator.engine.ledger import write_whole
from evaluator.sandbox.attacks import ATTACKS, Attack
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.outcomes import SandboxRefusalError
from evaluator.sandbox.selftest import prepared, run_corpus

SHORT = ("memory bomb", "20 GB file", "output is symlink", "reads the truth, the host, its neighbours", "network")
"""One attack for each of the walls: memory, disk, outputs, files, network."""
AT_ONCE = 2


def open_docker(folder: Path) -> DockerSandbox:
    _, docker = open_sandbox(SandboxKind.DOCKER, folder)
    assert docker is not None
    return docker


def free_disk_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free >> 20


@dataclass
class SelfTest:
    """The hostile corpus, run on this host when its last pass is too old, or was another engine's or kernel's.

    `about` is what a pass holds for.
    """

    folder: Path
    about: dict[str, Any]
    hours: float
    attacks: Sequence[Attack]
    base_image: str
    now: Callable[[], float] = time.time

    def passed_lately(self) -> bool:
        try:
            stored = json.loads(self._path.read_text())
        except FileNotFoundError:
            return False
        age_s = self.now() - stored["at"]
        return bool(stored["about"] == self._passes() and 0 <= age_s < self.hours * 3600)

    def run(self) -> str:
        """What did not hold, in a sentence; empty when all did, and that is remembered."""
        place = self.folder / "selftest"
        try:
            sandbox = open_docker(place)
            sandbox.reap()  # what a test that was killed left
            try:
                ground = prepared(sandbox, place / "ground", base=self.base_image)
                findings = list(run_corpus(ground, attacks=self.attacks, at_once=AT_ONCE))
            finally:
                sandbox.reap()
                sandbox.close()
                shutil.rmtree(place)
        except SandboxRefusalError as refusal:
            return f"the sandbox's self test cannot be run here: {refusal.reason}"
        broken = [f"{one.attack.name} ({one.broken[0]})" for one in findings if not one.held]
        if broken:
            return (
                f"the sandbox's self test failed: {'; '.join(broken)}. See `holdout sandbox test`, then start it again"
            )
        self.remember()
        return ""

    def remember(self) -> None:
        write_whole(self._path, json.dumps({"at": self.now(), "about": self._passes()}).encode())

    @property
    def _path(self) -> Path:
        return self.folder / "selftest.json"

    def _passes(self) -> dict[str, Any]:
        return {**self.about, "holdout": version("holdout"), "attacks": [attack.name for attack in self.attacks]}


@dataclass
class Fitness:
    """`test` is None for the process sandbox, which runs nothing of a stranger."""

    folder: Path
    releases: Releases
    least_free_mb: int
    test: SelfTest | None
    trouble: str = ""
    _testing: "Future[str] | None" = None

    def begin(self, executor: Any) -> None:
        if self.test is not None and not self.test.passed_lately():
            self._testing = executor.submit(self.test.run)

    def sentence(self) -> str:
        """Empty when the host is fit."""
        return self.trouble or self._test_sentence() or self._room_sentence()

    def _test_sentence(self) -> str:
        if self._testing is None:
            return ""
        if not self._testing.done():
            return "the sandbox's self test is under way"
        if (error := self._testing.exception()) is not None:
            return f"the sandbox's self test broke off: {type(error).__name__}: {error}"
        return self._testing.result()

    def _room_sentence(self) -> str:
        free = free_disk_mb(self.folder)
        if free < self.least_free_mb:
            return f"its disk has {free:,} MB free, {self.least_free_mb:,} MB must be: remove old images, or add room"
        return "" if self.releases.ids else "it has no release: copy one into its folder of releases"


def attacks(*, full: bool) -> tuple[Attack, ...]:
    return ATTACKS if full else tuple(attack for attack in ATTACKS if attack.name in SHORT)


def engine_of(docker: DockerSandbox) -> dict[str, Any]:
    """What a passed self test depends on besides our own version."""
    info = docker.api.info()
    return {name: info.get(name) for name in ("ServerVersion", "KernelVersion", "SecurityOptions", "CgroupVersion")}
