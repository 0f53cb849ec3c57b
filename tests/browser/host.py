"""A host without containers whose model answers every row that it is asked about."""

from dataclasses import dataclass

import numpy as np
from django.conf import settings

from evaluator.agent.uploads import Storage
from evaluator.engine.builders import job_builder
from evaluator.sandbox.stages import Command, OutputFile, Outputs, StageSpec
from leaderboard.hosting.advance import advance
from leaderboard.models import Host as HostRow
from tests.agent.builders import make_agent
from tests.agent.fake_sandbox import FakeBuilder, FakeReleases, FakeSandbox
from tests.site.hosting.world import ROOM, Judge, delivered


class AnsweringSandbox(FakeSandbox):
    def collect(self, key, into):
        outputs = super().collect(key, into)
        if outputs.predictions is None:
            return outputs
        n_rows = int(self.specs[key].environment["N_ROWS"])
        answers = np.random.default_rng(n_rows).normal(0.6, 0.1, n_rows)
        path = outputs.predictions.path
        path.write_text("row_id,prediction\n" + "".join(f"{row},{value}\n" for row, value in enumerate(answers)))
        return Outputs(ending=outputs.ending, predictions=OutputFile(path.name, path, path.stat().st_size))


@dataclass(frozen=True)
class RealRows(FakeBuilder):
    """Stages without files, of as many rows as the release has."""

    builder: object = None

    def infer_stage(self, spec, key, target, model):
        n_rows = len(self.target_rows(spec, target))
        return StageSpec(
            key=key,
            image="fake",
            command=Command.INFER,
            limits=spec.infer,
            model=model,
            environment={"N_ROWS": str(n_rows)},
        )

    def target_rows(self, spec, target):
        return self.builder.target_rows(spec, target)


@dataclass(frozen=True)
class TheRelease(FakeReleases):
    release: object = None
    folder: object = None

    def builder(self, spec):
        return RealRows(job_builder(self.release, self.folder, spec))


class Host:
    """One report and its answer at a time; what it was told to run has ended before the next."""

    def __init__(self, folder, release):
        HostRow.objects.create(name="one")
        self.sandbox = AnsweringSandbox(instant=True)
        self.agent = make_agent(
            folder,
            self.sandbox,
            name="one",
            capacity=ROOM,
            storage=Storage(settings.STORAGE),
            images=Judge(),
            releases=TheRelease((release.id,), release, folder / "jobs"),
            free_disk_mb=lambda: 100_000,
            now_ms=lambda: 1_000_000,
        )

    def turn(self):
        advance()
        self.agent.hear(delivered(self.agent.report()))
        for _ in range(6):
            self.agent.tick()

    def take(self, submission, *, to, turns=60):
        for _ in range(turns):
            submission.refresh_from_db()
            if submission.state == to:
                return
            self.turn()
        raise AssertionError(f"it stays in {submission.state}")
