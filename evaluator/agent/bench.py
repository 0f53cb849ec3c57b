"""What a host does with one stage, step by step. Each step may take long, may be repeated, and stands alone."""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.agent.images import Images
from evaluator.agent.messages import Order, Phase, StageKind, StageReport
from evaluator.agent.releases import Releases
from evaluator.agent.studies import Studies
from evaluator.agent.uploads import PREDICTIONS, SEALED_PREDICTIONS, Store, upload
from evaluator.contract.errors import ContractError
from evaluator.engine.engine import not_run
from evaluator.engine.jobs import in_study_order, in_target_order
from evaluator.engine.ledger import write_whole
from evaluator.engine.predictions import read_in_child
from evaluator.logs import LABEL
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Ending, ModelFile, OutputFile, StageSpec, model_from_json, model_to_json
from evaluator.sandbox.told import bare
from evaluator.sealing import boxes, keys

Reader = Callable[..., NDArray[np.float32]]
ORDER, ENDED, MODEL = "order.json", "ended.json", "model.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bench:
    """`folder` holds what outlives the agent: each stage's order and end, each attempt's model, and unread outputs."""

    sandbox: Sandbox
    images: Images
    releases: Releases
    studies: Studies
    storage: Store
    folder: Path
    read: Reader = read_in_child

    def judge(self, order: Order) -> StageReport:
        """The image stage. It runs nothing."""
        started = time.monotonic()
        try:
            identity = self.images.judged(order.image)
        except SandboxRefusalError as refusal:
            return self.ended(order, not_run(refusal.outcome, refusal.reason))
        wall_s = time.monotonic() - started
        finished = Ending(outcome=Outcome.FINISHED, exit_code=None, oom_killed=False, wall_s=wall_s)
        return self.ended(order, finished, image=identity)

    def begin(self, order: Order, may_start: Callable[[], bool]) -> StageReport | None:
        """Start the stage, or find it started. An end at once is why it could not be. `may_start` is asked last."""
        try:
            image = self.images.local(order.image, order.spec.image)
            spec = self._spec(order)
            labels = {**spec.labels, LABEL: order.trace} if order.trace else spec.labels
            spec = replace(spec, image=image, labels=labels)
            if not may_start():
                return self.lost(order, "the site was not heard of before the stage could start")
            self.sandbox.start(spec)
        except SandboxRefusalError as refusal:
            return self.ended(order, not_run(refusal.outcome, refusal.reason))
        return None

    def deliver(self, order: Order) -> StageReport:
        """Collect an ended stage, upload what it owes, and only then let its container go."""
        builder = self.releases.builder(order.spec)
        training = order.kind is StageKind.TRAIN
        into = self._attempt(order.attempt) if training else self.folder / "collected" / order.key
        try:
            outputs = self.sandbox.collect(order.key, into)
        except LookupError:
            return self.lost(order, "the container vanished")
        ending, manifest = builder.explained(outputs.ending), None
        if outputs.model is not None:
            self._keep_model(order, outputs.model)
        if outputs.predictions is not None:
            ending, manifest = self._upload(order, outputs.predictions, ending)
        report = self.ended(order, ending, manifest=manifest)
        try:
            self._discard(order.key)
        except (SandboxRefusalError, OSError) as error:  # it is tried again when the order goes; the end stands
            log.warning("stage %s: its container stays for now: %r", order.key, error)
        return report

    def clear(self, order: Order) -> None:
        """Nothing of the stage stays but what its attempt keeps."""
        self._discard(order.key)
        shutil.rmtree(self._stage(order.key), ignore_errors=True)

    def clear_all_but(self, keys: set[str]) -> None:
        """What nobody here knows of: containers of a killed agent, and files."""
        self.sandbox.reap(keep=keys)
        for parent in ("collected", "stages"):
            for left in _folders(self.folder / parent):
                if left.name not in keys:
                    shutil.rmtree(left, ignore_errors=True)
        for release in _folders(self.folder / "jobs"):
            for left in _folders(release):
                if left.name not in keys | {"shared"}:
                    shutil.rmtree(left, ignore_errors=True)

    def keep_models(self, attempts: set[str]) -> None:
        """Of these attempts, and no other."""
        for left in _folders(self.folder / "attempts"):
            if left.name not in attempts:
                shutil.rmtree(left, ignore_errors=True)

    # What is written down of a stage.

    def accept(self, order: Order) -> None:
        write_whole(self._stage(order.key) / ORDER, json.dumps(order.to_json()).encode())

    def accepted(self) -> list[tuple[Order, StageReport | None]]:
        """The stages that an agent before this one had taken on, and the ends of those that ended."""
        found = []
        for place in _folders(self.folder / "stages"):
            try:
                order = Order.from_json(json.loads((place / ORDER).read_text()))
                ended = place / ENDED
                report = StageReport.from_json(json.loads(ended.read_text())) if ended.exists() else None
            except (OSError, LookupError, TypeError, ValueError) as error:
                log.warning("%s is forgotten, it was written by another version: %r", place, error)
            else:
                found.append((order, report))
        return found

    def ended(
        self, order: Order, ending: Ending, *, manifest: str | None = None, image: str | None = None
    ) -> StageReport:
        if order.is_sealed:
            log.info("stage %s ended: %s", order.key, ending.outcome)  # all that is kept of it, here too
            ending = bare(ending)
        report = StageReport(
            key=order.key,
            attempt=order.attempt,
            token=order.token,
            phase=Phase.ENDED,
            wall_s=ending.wall_s,
            ending=ending,
            manifest=manifest,
            image=image,
        )
        write_whole(self._stage(order.key) / ENDED, json.dumps(report.to_json()).encode())
        return report

    def lost(self, order: Order, reason: str) -> StageReport:
        return self.ended(order, not_run(Outcome.SANDBOX_LOST, reason))

    # How it is done.

    def _spec(self, order: Order) -> StageSpec:
        builder = self.releases.builder(order.spec)
        if order.target is None:
            return builder.train_stage(order.spec, order.key)
        if order.is_sealed:
            study = self.studies.fetched(order.spec.study)
            return builder.sealed_stage(order.spec, order.key, study, self._model(order.attempt))
        return builder.infer_stage(order.spec, order.key, order.target, self._model(order.attempt))

    def _upload(self, order: Order, file: OutputFile, ending: Ending) -> tuple[Ending, str | None]:
        try:
            in_query_order = self.read(file.path, file.name, n_rows=self._asked(order))
        except ContractError as error:
            return replace(ending, outcome=Outcome.OUTPUT_REFUSED, reason=str(error)), None
        return ending, upload(self.storage, order.uploads, order.attempt, _contents(order, in_query_order))

    def _asked(self, order: Order) -> int:
        """How many rows the stage was asked about."""
        assert order.target is not None
        if order.is_sealed:
            return len(self.studies.fetched(order.spec.study))
        return len(self.releases.builder(order.spec).target_rows(order.spec, order.target))

    def _keep_model(self, order: Order, model: ModelFile) -> None:
        write_whole(self._attempt(order.attempt) / MODEL, json.dumps(model_to_json(model)).encode())

    def _model(self, attempt: str) -> ModelFile:
        try:
            model = model_from_json(json.loads((self._attempt(attempt) / MODEL).read_text()))
        except FileNotFoundError:
            model = None
        if model is None:
            raise SandboxRefusalError(Outcome.SANDBOX_LOST, "the model of this attempt is not on this host")
        return model

    def _discard(self, key: str) -> None:
        self.sandbox.discard(key)
        shutil.rmtree(self.folder / "collected" / key, ignore_errors=True)
        for release in _folders(self.folder / "jobs"):
            shutil.rmtree(release / key, ignore_errors=True)

    def _stage(self, key: str) -> Path:
        return self.folder / "stages" / key

    def _attempt(self, attempt: str) -> Path:
        return self.folder / "attempts" / attempt


def _contents(order: Order, in_query_order: NDArray[np.float32]) -> dict[str, bytes]:
    """What is uploaded: of a sealed study, nothing that anybody but the scorer can read."""
    assert order.target is not None
    if not order.is_sealed:
        return {PREDICTIONS: in_target_order(in_query_order, order.spec, order.target).astype("<f4").tobytes()}
    values = in_study_order(in_query_order, order.spec).astype("<f4")
    return {SEALED_PREDICTIONS: boxes.seal(values.tobytes(), keys.public(order.spec.seal_to))}


def _folders(parent: Path) -> list[Path]:
    return sorted(place for place in parent.iterdir() if place.is_dir()) if parent.exists() else []
