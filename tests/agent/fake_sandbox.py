"""A host without containers: stages end when a test says so, and everything outlives the agent that started it."""

from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluator.agent.uploads import sha256_of
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import (
    Command,
    Ended,
    Ending,
    Found,
    Gone,
    ModelFile,
    OutputFile,
    Outputs,
    Running,
    StageSpec,
)

N_ROWS = 4


@dataclass
class FakeSandbox:
    """Every verb of the protocol, in memory. `started` counts real starts by key; `answer` is what infer writes.

    `instant` ends every stage as soon as it is started. `silent` makes the engine answer nothing.
    """

    answer: str = "row_id,prediction\n" + "".join(f"{row},{row / 10}\n" for row in range(N_ROWS))
    instant: bool = False
    silent: bool = False
    refuses: SandboxRefusalError | None = None  # every start
    specs: dict[str, StageSpec] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    started: Counter = field(default_factory=Counter)
    stopped: list[str] = field(default_factory=list)

    @property
    def running(self) -> set[str]:
        return set(self.specs) - set(self.endings)

    def end(self, key: str, outcome: Outcome = Outcome.FINISHED) -> None:
        """What the container does by itself, whether anybody looks or not."""
        if key in self.running:
            self.endings[key] = Ending(outcome=outcome, exit_code=0, oom_killed=False, wall_s=1.0)

    def vanish(self, key: str) -> None:
        self.specs.pop(key, None)
        self.endings.pop(key, None)

    def start(self, spec):
        self._speak()
        if self.refuses is not None:
            raise self.refuses
        if spec.key in self.specs:
            if self.specs[spec.key] != spec:
                raise SandboxRefusalError(Outcome.NOT_ALLOWED, f"another stage has the key {spec.key}")
            return
        self.started[spec.key] += 1
        self.specs[spec.key] = spec
        if self.instant:
            self.end(spec.key)

    def look(self, key):
        self._speak()
        if key not in self.specs:
            return Gone()
        return Ended(self.endings[key]) if key in self.endings else Running(0.5)

    def stop(self, key):
        if key in self.running:
            self.stopped.append(key)
            self.end(key, Outcome.STOPPED)

    def collect(self, key, into):
        ending = self.endings.get(key)
        if ending is None:
            raise LookupError(f"stage {key} has not ended on this host")
        if ending.outcome is not Outcome.FINISHED:
            return Outputs(ending=ending)
        into.mkdir(parents=True, exist_ok=True)
        if self.specs[key].command is Command.TRAIN:
            path = into / "model.tar"
            path.write_bytes(b"a model")
            return Outputs(ending=ending, model=ModelFile(path, 7, sha256_of(b"a model")))
        path = into / "predictions.csv"
        path.write_text(self.answer)
        return Outputs(ending=ending, predictions=OutputFile(path.name, path, path.stat().st_size))

    def discard(self, key):
        self.vanish(key)

    def found(self):
        return tuple(Found(key, {}, key in self.running) for key in self.specs)

    def reap(self, keep=()):
        gone = tuple(sorted(set(self.specs) - set(keep)))
        for key in gone:
            self.vanish(key)
        return gone

    def _speak(self):
        if self.silent:
            raise SandboxRefusalError(Outcome.HOST_SHORT, "the engine does not answer")


@dataclass(frozen=True)
class FakeBuilder:
    """Stages without files, of targets of four rows."""

    def train_stage(self, spec, key):
        return StageSpec(key=key, image="fake", command=Command.TRAIN, limits=spec.train)

    def infer_stage(self, spec, key, target, model):
        return StageSpec(key=key, image="fake", command=Command.INFER, limits=spec.infer, model=model)

    def sealed_stage(self, spec, key, target, model):
        return self.infer_stage(spec, key, "sealed", model)

    def target_rows(self, spec, target):
        return range(N_ROWS)

    def explained(self, ending):
        return ending


@dataclass(frozen=True)
class FakeReleases:
    """Has every release."""

    ids: tuple[str, ...] = ("release",)

    def builder(self, spec):
        return FakeBuilder()


@dataclass(frozen=True)
class FakeStudies:
    """Has every sealed study, of four rows."""

    def fetched(self, study_id):
        return range(N_ROWS)


@dataclass
class FakeImages:
    """Every image is good, or `refuses` says why none is."""

    refuses: SandboxRefusalError | None = None

    def judged(self, image):
        if self.refuses is not None:
            raise self.refuses
        return f"sha256:{image.name}"

    def local(self, image, identity):
        return self.judged(image)


@dataclass
class FakeStore:
    """Storage in memory; `broken` fails every write."""

    files: dict[str, bytes] = field(default_factory=dict)
    broken: bool = False

    def write(self, name, content):
        if self.broken:
            raise OSError("the storage is away")
        self.files[name] = content

    def read(self, name, *, most_bytes=1 << 30):
        try:
            return self.files[name]
        except KeyError:
            raise FileNotFoundError(name) from None

    def fetch(self, name, to: Path):
        to.write_bytes(self.read(name))
        return sha256_of(self.files[name])


class Inline:
    """An executor that has done everything when it answers."""

    def submit(self, function, /, *arguments):
        done = Future()
        try:
            done.set_result(function(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


class Later(Inline):
    """An executor that does nothing until `work`, as a busy machine would."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, /, *arguments):
        done = Future()
        self.waiting.append((done, function, arguments))
        return done

    def work(self):
        while self.waiting:
            done, function, arguments = self.waiting.pop(0)
            ended = super().submit(function, *arguments)
            done.set_exception(ended.exception()) if ended.exception() else done.set_result(ended.result())


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self):
        return self.now


def read_four(path, name, *, n_rows):
    """The reader without its child process: the second column of a good CSV."""
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=1, dtype=np.float32, max_rows=n_rows)
