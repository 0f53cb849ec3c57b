"""Reads what the runs of an evaluation delivered. Whatever is not as it was reported is our failure, never a score."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.agent.uploads import PREDICTIONS, Store, uploaded
from evaluator.arms import Arm
from evaluator.engine.runs import RunSpec
from evaluator.scorecard.design import Design, Entry, Values
from leaderboard.models import Evaluation, Stage
from leaderboard.states import AttemptState, RunState


class DeliveryError(RuntimeError):
    """What was delivered cannot be scored: ours."""


@dataclass(frozen=True, slots=True)
class Delivered:
    attempt: uuid.UUID
    target: str
    manifest: str

    @property
    def folder(self) -> str:
        return f"attempts/{self.attempt.hex}/infer-{self.target}"


def deliveries(evaluation: Evaluation) -> dict[tuple[Arm, Entry], Delivered]:
    """Of every run's one attempt that was done; runs that are not done have none."""
    stages = Stage.objects.filter(
        attempt__run__evaluation=evaluation,
        attempt__run__state=RunState.DONE,
        attempt__state=AttemptState.DONE,
        kind="infer",
    ).select_related("attempt__run")
    found: dict[tuple[Arm, Entry], Delivered] = {}
    for stage in stages:
        spec = RunSpec.from_json(stage.attempt.run.spec)
        key = (spec.arm, Entry(spec.source, spec.split, stage.target))
        if key in found:
            raise DeliveryError(f"{spec.name} to {stage.target} was delivered twice, once to {found[key].folder}")
        found[key] = Delivered(stage.attempt.id, stage.target, stage.manifest)
    return found


@dataclass(frozen=True)
class Predictions:
    """Reads each file once, however often it is asked for."""

    storage: Store
    design: Design
    delivered: Mapping[tuple[Arm, Entry], Delivered]
    _read: dict[tuple[Arm, Entry], Values]

    @classmethod
    def of(cls, evaluation: Evaluation, design: Design, storage: Store) -> "Predictions":
        return cls(storage, design, deliveries(evaluation), {})

    def require(self, arms: Sequence[Arm]) -> None:
        """All runs are done, so all must be there: a model is never scored on a part."""
        for arm in arms:
            for entry in self.design.entries():
                if (arm, entry) not in self.delivered:
                    raise DeliveryError(f"{arm}/{entry.source}/{entry.split} to {entry.target} was not delivered")

    def __call__(self, arm: Arm, entry: Entry) -> Values | None:
        """None for what was not delivered; ValueError (UploadError, DeliveryError) for what is not as it should be."""
        key = (arm, entry)
        if key not in self.delivered:
            return None
        if key not in self._read:
            self._read[key] = self._values(self.delivered[key], entry)
        return self._read[key]

    def _values(self, of: Delivered, entry: Entry) -> Values:
        content = uploaded(self.storage, of.folder, PREDICTIONS, manifest=of.manifest)
        expected = 4 * len(self.design.rows(entry))
        if len(content) != expected:
            raise DeliveryError(f"{of.folder}/{PREDICTIONS} has {len(content)} bytes, {expected} are needed")
        values = np.frombuffer(content, "<f4")
        if not np.isfinite(values).all():
            raise DeliveryError(f"{of.folder}/{PREDICTIONS} has values that are not finite: its host let them through")
        return values
