"""What models predicted of a sealed study: 4·n bytes of float32 in a box for the scorer, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluator.agent.uploads import SEALED_PREDICTIONS, Store, uploaded
from evaluator.arms import Arm
from evaluator.engine.runs import SEALED
from evaluator.scorecard.design import Entry, Values
from evaluator.scorecard.uncertain import REAL
from evaluator.sealing.boxes import OVERHEAD_BYTES
from leaderboard.models import Evaluation, Stage
from leaderboard.publishing.predictions import Delivered, DeliveryError
from leaderboard.sealed.vault import Vault
from leaderboard.states import AttemptState, RunState


@dataclass(frozen=True, slots=True)
class SealedPredictions:
    """As evaluator.scorecard.uncertain.Read: of the real labels, asked about the sealed study."""

    values: Mapping[Entry, Values]

    def __call__(self, arm: Arm, entry: Entry) -> Values | None:
        return self.values.get(entry) if arm == REAL else None


def sealed_predictions(evaluation: Evaluation, n_rows: int, *, storage: Store, vault: Vault) -> SealedPredictions:
    """Of every source and split of the track; DeliveryError, UploadError or SealingError where one is not as it should
    be: that is ours, hosts let nothing else through."""
    delivered = _delivered(evaluation)
    values = {}
    for source in evaluation.track.definition["sources"]:
        for split in evaluation.track.definition["splits"]:
            entry = Entry(source, split, SEALED)
            if entry not in delivered:
                raise DeliveryError(f"{source}/{split} to the sealed study was not delivered")
            values[entry] = _values(delivered[entry], n_rows, storage, vault)
    return SealedPredictions(values)


def _delivered(evaluation: Evaluation) -> dict[Entry, Delivered]:
    """As publishing.predictions.deliveries, of the columns that the scorer's role may read."""
    stages = Stage.objects.filter(
        attempt__run__evaluation=evaluation,
        attempt__run__state=RunState.DONE,
        attempt__state=AttemptState.DONE,
        kind="infer",
        target=SEALED,
    )
    found: dict[Entry, Delivered] = {}
    for attempt, manifest, spec in stages.values_list("attempt_id", "manifest", "attempt__run__spec"):
        entry = Entry(spec["source"], spec["split"], SEALED)
        if entry in found:
            raise DeliveryError(f"{entry.source}/{entry.split} was delivered twice, once to {found[entry].folder}")
        found[entry] = Delivered(attempt, SEALED, manifest)
    return found


def _values(of: Delivered, n_rows: int, storage: Store, vault: Vault) -> Values:
    most = 4 * n_rows + OVERHEAD_BYTES
    sealed = uploaded(storage, of.folder, SEALED_PREDICTIONS, manifest=of.manifest, most_bytes=most)
    content = vault.unsealed(sealed)
    if len(content) != 4 * n_rows:
        raise DeliveryError(f"{of.folder} holds {len(content)} bytes, {4 * n_rows} are needed")
    values = np.frombuffer(content, "<f4")
    if not np.isfinite(values).all():
        raise DeliveryError(f"{of.folder} holds values that are not finite: its host let them through")
    return values
