"""A site and its hosts in one process: real agents over sandboxes without containers, and messages in our hands."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F

from evaluator.agent.agent import Agent
from evaluator.agent.messages import Answer, Capacity, Report
from evaluator.agent.uploads import sha256_of
from evaluator.sandbox.outcomes import Outcome
from evaluator.sealing import keys
from leaderboard.hosting.exchange import receive
from leaderboard.models import Host, Release, Submission
from leaderboard.states import Purpose, StudyState, SubmissionState
from tests.agent.builders import make_agent
from tests.agent.fake_sandbox import Clock, FakeImages, FakeReleases, FakeSandbox, FakeStore
from tests.site.builders import (
    make_definition,
    make_evaluation,
    make_model,
    make_release,
    make_run,
    make_spec,
    make_submission,
    make_track,
)
from tests.site.curating.builders import make_study

KEY = keys.new(keys.Kind.SEALING).public.text
ROOM = Capacity(cpus=4, memory_mb=16384, gpus=0, slots=2)


class Judge(FakeImages):
    def judged(self, image):
        super().judged(image)
        return f"sha256:{sha256_of(image.name.encode())}"


@dataclass
class Machine:
    """A host: its agent dies and comes back, its containers live on, and go with a reboot."""

    name: str
    folder: Path
    release: str
    clock: Clock
    store: FakeStore
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    boots: int = 0
    agents: int = 0
    agent: Agent | None = None

    def __post_init__(self):
        self.start()

    def start(self):
        """A new agent, whatever became of the one before."""
        self.agents += 1
        started_ms = self.agents * 1_000_000
        self.agent = make_agent(
            self.folder,
            self.sandbox,
            name=self.name,
            capacity=ROOM,
            clock=self.clock,
            storage=self.store,
            images=Judge(),
            releases=FakeReleases((self.release,)),
            free_disk_mb=lambda: 100_000,
            boot_id=f"boot-{self.boots}",
            now_ms=lambda: started_ms,
        )

    def reboot(self):
        self.boots += 1
        self.sandbox.specs.clear()
        self.sandbox.endings.clear()
        self.start()

    def tick(self):
        for _ in range(3):
            self.agent.tick()

    def finish_all(self, outcome=Outcome.FINISHED):
        for key in sorted(self.sandbox.running):
            self.sandbox.end(key, outcome)

    def talk(self):
        """A report, its answer, and what follows on the host."""
        answer = delivered(self.agent.report())
        self.agent.hear(answer)
        self.tick()
        return answer


def delivered(report: Report) -> Answer:
    """Through JSON, as a broker carries it."""
    there = Report.from_json(json.loads(json.dumps(report.to_json())))
    return Answer.from_json(json.loads(json.dumps(receive(there).to_json())))


def make_machine(name, folder, release, *, clock=None, store=None, in_rows=True):
    if in_rows:
        Host.objects.get_or_create(name=name)
    return Machine(name, folder / name, release.release_id, clock or Clock(), store or FakeStore())


def release_row(tiny) -> Release:
    """Of the tiny release as it lies there, so that smoke runs can be made from it."""
    return make_release(release_id=tiny.id, folder=str(tiny.folder))


def received(tiny, *, release=None, **definition) -> Submission:
    """A submission to a track of one source, one split, two arms and two targets, unless told otherwise."""
    studies = tiny.study_names()
    release = release or release_row(tiny)
    usual = {"sources": studies[:1], "targets": studies[:2]}
    track = make_track(release=release, definition=make_definition(**usual | definition))
    return make_submission(track=track)


def asked_about_a_sealed_study(like):
    """Another model of the same team, published, with two runs on a sealed study of the same track."""
    model = make_model(team=like.model.team)
    published = make_submission(
        model=model, track=like.track, state=SubmissionState.PUBLISHED, image_id="sha256:" + "ab" * 32
    )
    study = make_study(state=StudyState.LIVE, track=like.track)
    evaluation = make_evaluation(submission=published, study=study)
    target = like.track.definition["targets"][1]
    for source in ("one", "other"):
        spec = make_spec(
            release_id=like.track.release.release_id,
            source=source,
            targets=(target,),
            study=study.study_id,
            seal_to=KEY,
        )
        make_run(submission=published, evaluation=evaluation, purpose=Purpose.SEALED, spec=spec)
    return evaluation


def let_pass(seconds, *machines):
    """For the site and for these machines. The site's rows grow older; PostgreSQL's clock is nobody's to set."""
    passed = timedelta(seconds=seconds)
    Host.objects.filter(reported_at__isnull=False).update(reported_at=F("reported_at") - passed)
    for machine in machines:
        machine.clock.now += seconds


def past_the_lease():
    return settings.LEASE_S + 1
