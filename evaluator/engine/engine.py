"""Takes runs through their stages: as many at once as the host has room for, what is finished kept, the rest redone.

A stage's container is named by its key, so an engine that comes after a killed one finds it and goes on with it.
"""

import hashlib
import shutil
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from evaluator.contract.errors import ContractError
from evaluator.engine.jobs import JobBuilder, in_target_order
from evaluator.engine.ledger import Ledger
from evaluator.engine.predictions import read_in_child
from evaluator.engine.runs import RunResult, RunSpec
from evaluator.sandbox.outcomes import Fault, Outcome, SandboxRefusalError
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Ending, Gone, OutputFile, Outputs, Running, StageSpec, State

POLL_S = 0.05
SILENCE_S, SILENT_LOOKS = 5.0, 60
ATTEMPTS = 3
"""Failures of ours before a stage is given up until the next start."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`target` is None for training."""

    spec: RunSpec
    target: str | None = None

    @property
    def name(self) -> str:
        return self.spec.name if self.target is None else f"{self.spec.name} → {self.target}"


@dataclass(frozen=True, slots=True)
class Progress:
    stage: Stage
    ending: Ending
    done: int
    total: int


@dataclass
class Engine:
    sandbox: Sandbox
    builder: JobBuilder
    ledger: Ledger
    evaluation_id: str
    slots: int
    on_progress: Callable[[Progress], None] = lambda _: None
    read: Callable[..., NDArray[np.float32]] = read_in_child
    _stopping: threading.Event = field(default_factory=threading.Event)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _done: int = 0
    _total: int = 0

    def run(self, specs: Iterable[RunSpec]) -> list[RunResult]:
        """Do everything that is not finished yet. Interrupted, it stops what runs and keeps what is finished."""
        runs = tuple(specs)
        ready = deque(stage for spec in runs for stage in self._unfinished(spec))
        self._total = sum(1 + len(spec.targets) for spec in runs)
        self._done = self._total - sum(1 + len(stage.spec.targets) * (stage.target is None) for stage in ready)
        self._sweep({self._key(stage, attempt) for stage in ready for attempt in range(ATTEMPTS)})
        with ThreadPoolExecutor(self.slots) as pool:
            active: set[Future[list[Stage]]] = set()
            try:
                while ready or active:
                    while ready and len(active) < self.slots:
                        active.add(pool.submit(self._do, ready.popleft()))
                    done, active = wait(active, return_when=FIRST_COMPLETED)
                    for future in done:
                        ready.extendleft(reversed(future.result()))  # a trained run is asked before the next is trained
            except BaseException:
                self._stopping.set()
                raise
        return [result for spec in runs if (result := self.ledger.result(spec)) is not None]

    def _sweep(self, wanted: Collection[str]) -> None:
        """Remove what a killed engine left of stages that are settled, or not asked for; what is wanted is adopted."""
        self.sandbox.reap(keep=wanted)
        for left in self.ledger.job_folders():
            if left.name not in wanted:
                shutil.rmtree(left)

    def _unfinished(self, spec: RunSpec) -> list[Stage]:
        """Where a run is taken up: at its training, at the targets still to be asked about, or nowhere."""
        result = self.ledger.result(spec)
        if result is None or result.train.outcome.fault is Fault.OURS:
            return [Stage(spec)]
        if result.train.outcome is not Outcome.FINISHED:
            return []
        left = [target for target in spec.targets if not _settled(result, target)]
        if left and (result.model is None or not result.model.path.exists()):
            return [Stage(spec)]
        return [Stage(spec, target) for target in left]

    def _do(self, stage: Stage) -> list[Stage]:
        """Take one stage to its end and write down what came of it; returns the stages that can follow."""
        for attempt in range(ATTEMPTS):
            key = self._key(stage, attempt)
            outputs = self._attempt(stage, key)
            if self._stopping.is_set():
                return []
            if outputs.ending.outcome.fault is not Fault.OURS:
                break
            self.sandbox.discard(key)
        following = self._record(stage, outputs)
        self.sandbox.discard(key)
        shutil.rmtree(self.ledger.job_folder(key), ignore_errors=True)
        return following

    def _attempt(self, stage: Stage, key: str) -> Outputs:
        try:
            if isinstance(self._look(key), Gone):
                self.sandbox.start(self._stage_spec(stage, key))
            while isinstance(self._look(key), Running):
                if self._stopping.wait(POLL_S):
                    self.sandbox.stop(key)
            return self.sandbox.collect(key, self.ledger.collected_folder(key))
        except SandboxRefusalError as refusal:
            return Outputs(ending=not_run(refusal.outcome, refusal.reason))
        except LookupError:
            return Outputs(ending=not_run(Outcome.SANDBOX_LOST, "the container vanished"))

    def _look(self, key: str) -> State:
        """A host that does not answer says nothing about the stage, which may run on: it is asked again for a while."""
        for _ in range(SILENT_LOOKS):
            try:
                return self.sandbox.look(key)
            except SandboxRefusalError as silence:
                if silence.outcome is not Outcome.HOST_SHORT or self._stopping.wait(SILENCE_S):
                    raise
        return self.sandbox.look(key)

    def _stage_spec(self, stage: Stage, key: str) -> StageSpec:
        if stage.target is None:
            return self.builder.train_stage(stage.spec, key)
        result = self.ledger.result(stage.spec)
        assert result is not None
        assert result.model is not None
        return self.builder.infer_stage(stage.spec, key, stage.target, result.model)

    def _record(self, stage: Stage, outputs: Outputs) -> list[Stage]:
        spec, target, ending = stage.spec, stage.target, self.builder.explained(outputs.ending)
        if target is not None and outputs.predictions is not None:
            ending = self._keep_predictions(spec, target, outputs.predictions, ending)
        with self._writing:
            if target is None:
                finished = ending.outcome is Outcome.FINISHED
                self.ledger.keep(spec, RunResult(key=spec.key(), train=ending, model=outputs.model))
                following = [Stage(spec, target) for target in spec.targets] if finished else []
                self._done += 1 if finished else 1 + len(spec.targets)
            else:
                result = self.ledger.result(spec)
                assert result is not None
                self.ledger.keep(spec, replace(result, infer={**result.infer, target: ending}))
                following = []
                self._done += 1
            self.on_progress(Progress(stage, ending, self._done, self._total))
        return following

    def _keep_predictions(self, spec: RunSpec, target: str, file: OutputFile, ending: Ending) -> Ending:
        """Put the values back from the query's order into the target's own."""
        n_rows = len(self.builder.target_rows(spec, target))
        try:
            in_query_order = self.read(file.path, file.name, n_rows=n_rows)
        except ContractError as error:
            return replace(ending, outcome=Outcome.OUTPUT_REFUSED, reason=str(error))
        finally:
            shutil.rmtree(file.path.parent)
        self.ledger.keep_predictions(spec, target, in_target_order(in_query_order, spec, target))
        return ending

    def _key(self, stage: Stage, attempt: int) -> str:
        named = (self.evaluation_id, stage.spec.key(), stage.target or "", str(attempt))
        return hashlib.sha256("\x1f".join(named).encode()).hexdigest()[:24]


def _settled(result: RunResult, target: str) -> bool:
    ending = result.infer.get(target)
    return ending is not None and ending.outcome.fault is not Fault.OURS


def not_run(outcome: Outcome, reason: str) -> Ending:
    """The ending of a stage that no container was made for, or whose container is gone."""
    return Ending(outcome=outcome, exit_code=None, oom_killed=False, wall_s=0.0, reason=reason)
