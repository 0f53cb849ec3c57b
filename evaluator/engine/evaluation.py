"""One image through one track, in one folder: made once, found again after any crash, never mixed with another."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.arms import Arm, seed_of
from evaluator.contract.errors import ContractError
from evaluator.engine.builders import job_builder
from evaluator.engine.engine import Engine, Progress
from evaluator.engine.ledger import Ledger
from evaluator.engine.record import this_host
from evaluator.engine.runs import RunResult, RunSpec
from evaluator.engine.submission import Submission
from evaluator.engine.track import Track
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Limits


@dataclass(frozen=True)
class Evaluation:
    folder: Path
    id: str
    submission: Submission
    release: Release
    track: Track
    runtime: str | None

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        submission: Submission,
        release: Release,
        track: Track,
        runtime: str | None = None,
        sandbox: str = "",
    ) -> "Evaluation":
        """Begin an evaluation in a folder, or go on with the one that is there; another one's folder is refused."""
        folder = folder.resolve()
        ledger = Ledger(folder)
        asked = {
            **submission.to_json(),
            "release": release.id,
            "track": plain_track(track),
            "runtime": runtime,
        }
        about = ledger.about()
        if about is None:
            about = {"id": uuid.uuid4().hex, **asked, "host": this_host().to_json(), "sandbox": sandbox}
            ledger.keep_about(about)
        differing = [name for name, value in asked.items() if about[name] != value]
        if differing:
            reason = f"it holds an evaluation of another {differing[0]}; give another --out, or remove it"
            raise ContractError(str(folder), reason=reason)
        return cls(folder, about["id"], submission, release, track, runtime)

    def specs(self) -> list[RunSpec]:
        return specs(self.track, self.release.id, self.submission, runtime=self.runtime)

    def run(self, sandbox: Sandbox, *, slots: int, on_progress: Callable[[Progress], None]) -> list[RunResult]:
        specs = self.specs()
        builder = job_builder(self.release, self.folder / "jobs", specs[0])
        return Engine(sandbox, builder, Ledger(self.folder), self.id, slots, on_progress).run(specs)


def specs(track: Track, release_id: str, submission: Submission, *, runtime: str | None = None) -> list[RunSpec]:
    """Every (source, split, arm) of the track; the arms of a source and split share the model's seed."""
    return [
        RunSpec(
            image=submission.image,
            release_id=release_id,
            source=source,
            scheme=track.scheme,
            split=split,
            arm=arm,
            seed=seed_of(track.seed, source, split),
            targets=track.targets,
            train=track.train,
            infer=track.infer,
            remap_ids=track.remap_ids,
            settings=submission.settings,
            improve=submission.improve,
            runtime=runtime,
        )
        for split in track.splits
        for source in track.sources
        for arm in track.arms
    ]


def plain_track(track: Track) -> dict[str, Any]:
    """A track as JSON holds it, to be compared with what a folder says it was begun with."""
    lists = {name: list(getattr(track, name)) for name in ("sources", "targets", "splits")}
    return asdict(track) | lists | {"arms": [str(arm) for arm in track.arms], "scheme": str(track.scheme)}


def typed_track(plain: Mapping[str, Any]) -> Track:
    """What `plain_track` was made of."""
    tuples = {name: tuple(plain[name]) for name in ("sources", "targets", "splits")}
    arms = tuple(Arm.parse(text) for text in plain["arms"])
    limits = {name: Limits(**plain[name]) for name in ("train", "infer")}
    return Track(**{**plain, **tuples, **limits, "arms": arms, "scheme": Scheme(plain["scheme"])})
