"""Rows for tests: each builder takes only what the test is about and makes up the rest, each name once."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone
from django.utils.text import slugify

from benchmark_data.manifest import Scheme
from evaluator.agent.messages import StageKind
from evaluator.arms import Arm
from evaluator.engine.evaluation import plain_track
from evaluator.engine.runs import RunSpec
from evaluator.engine.track import Track as EngineTrack
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Ending, Limits
from leaderboard.models import (
    Attempt,
    Evaluation,
    Host,
    Membership,
    Model,
    Person,
    Release,
    Role,
    Run,
    Stage,
    Submission,
    Team,
    Track,
    Upload,
)
from leaderboard.models.entries import ImageOrigin, UploadState
from leaderboard.states import AttemptState, Purpose, RunState, StageState, SubmissionState

PASSWORD = "a-long-enough-password"
DIGEST = "registry.example.org/team/model@sha256:" + "ab" * 32
SHA256 = "cd" * 32
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Cast:
    """The standing people. Owner and teammate share `team`; the stranger owns another one."""

    owner: Person
    teammate: Person
    stranger: Person
    team: Team


def make_cast() -> Cast:
    owner, teammate = make_person(name="owner"), make_person(name="teammate")
    stranger = make_person(name="stranger")
    make_team(owner=stranger)
    return Cast(owner, teammate, stranger, make_team(owner=owner, members=[teammate]))


def make_person(*, name: str = "person", staff: bool = False, curator: bool = False) -> Person:
    """With a verified address and PASSWORD; staff are superusers. They and curators have a second factor, which
    the site demands."""
    username = f"{name}-{next(_numbers)}"
    email = f"{username}@example.org"
    person = Person.objects.create_user(
        username, email, PASSWORD, is_staff=staff, is_superuser=staff, is_curator=curator
    )
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    if staff or curator:
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    return person


def make_team(*, name: str = "", owner: Person | None = None, members: tuple[Person, ...] | list[Person] = ()) -> Team:
    name = name or f"Team {next(_numbers)}"
    team = Team.objects.create(name=name, slug=slugify(name))
    Membership.objects.create(team=team, person=owner or make_person(name="owner"), role=Role.OWNER)
    for member in members:
        Membership.objects.create(team=team, person=member)
    return team


def make_release(*, name: str = "tiny", **values: Any) -> Release:
    number = next(_numbers)
    return Release.objects.create(
        **{"release_id": f"{number:064x}", "name": name, "version": str(number), "folder": f"/releases/{number}"}
        | values
    )


def make_track(*, slug: str = "", definition: EngineTrack | None = None, **values: Any) -> Track:
    slug = slug or f"track-{next(_numbers)}"
    release = values.pop("release", None) or make_release()
    return Track.objects.create(
        **{
            "slug": slug,
            "title": slug.title(),
            "release": release,
            "smoke_release": release,
            "definition": plain_track(definition or make_definition()),
        }
        | values
    )


def make_definition(**values: Any) -> EngineTrack:
    """Two studies, one split, real and permuted labels: four runs."""
    usual: dict[str, Any] = {
        "name": "tiny",
        "sources": ("alpha", "beta"),
        "targets": ("alpha", "beta"),
        "scheme": Scheme.RANDOM_ROWS,
        "splits": (0,),
        "arms": (Arm.parse("real"), Arm.parse("intradrug")),
    }
    return EngineTrack(**usual | values)


def make_model(*, team: Team | None = None, name: str = "", **values: Any) -> Model:
    name = name or f"Model {next(_numbers)}"
    team = team or make_team()
    return Model.objects.create(**{"team": team, "name": name, "slug": slugify(name)} | values)


def make_submission(
    *,
    state: str = SubmissionState.RECEIVED,
    team: Team | None = None,
    model: Model | None = None,
    track: Track | None = None,
    created_at: datetime | None = None,
    **values: Any,
) -> Submission:
    model = model or make_model(team=team)
    usual: dict[str, Any] = {
        "version": model.submissions.count() + 1,
        "person": model.team.people.first(),
        "image_origin": ImageOrigin.REGISTRY,
        "image_name": DIGEST,
        "published_at": timezone.now() if state == SubmissionState.PUBLISHED else None,
    }
    submission = Submission.objects.create(
        model=model, track=track or make_track(), state=SubmissionState(state), **usual | values
    )
    if created_at:
        Submission.objects.filter(pk=submission.pk).update(created_at=created_at)
        submission.refresh_from_db()
    return submission


def make_upload(*, team: Team | None = None, state: str = UploadState.COMPLETE, **values: Any) -> Upload:
    """A row alone: no file stands in storage."""
    team = team or make_team()
    size = values.get("size_bytes", 100)
    usual: dict[str, Any] = {
        "person": team.people.first(),
        "name": "model.tar",
        "size_bytes": size,
        "received_bytes": size if state == UploadState.COMPLETE else 0,
        "sha256": SHA256,
    }
    return Upload.objects.create(team=team, state=UploadState(state), **usual | values)


def make_host(*, name: str = "", **values: Any) -> Host:
    usual: dict[str, Any] = {
        "boot_id": "boot-1",
        "sequence": 1,
        "reported_at": timezone.now(),
        "capacity": {"cpus": 2.0, "memory_mb": 8192, "gpus": 0, "slots": 2},
        "free_disk_mb": 100_000,
    }
    return Host.objects.create(name=name or f"host-{next(_numbers)}", **usual | values)


def make_evaluation(*, submission: Submission | None = None, **values: Any) -> Evaluation:
    submission = submission or make_submission(state=SubmissionState.RUNNING)
    return Evaluation.objects.create(submission=submission, track=submission.track, **values)


def make_spec(**values: Any) -> RunSpec:
    usual: dict[str, Any] = {
        "image": "sha256:" + "ef" * 32,
        "release_id": "0" * 64,
        "source": "alpha",
        "scheme": Scheme.RANDOM_ROWS,
        "split": 0,
        "arm": Arm.parse("real"),
        "seed": 1,
        "targets": ("alpha", "beta"),
        "train": Limits(),
        "infer": Limits(),
    }
    return RunSpec(**usual | values)


def make_run(
    *,
    submission: Submission | None = None,
    purpose: str = Purpose.TRACK,
    state: str = RunState.QUEUED,
    spec: RunSpec | None = None,
    **values: Any,
) -> Run:
    """A track's run gets an evaluation, one for each submission."""
    submission = submission or make_submission(state=SubmissionState.QUEUED)
    if purpose == Purpose.TRACK and "evaluation" not in values:
        values["evaluation"] = submission.evaluations.first() or make_evaluation(submission=submission)
    return Run.objects.create(
        submission=submission,
        team=submission.model.team,
        purpose=Purpose(purpose),
        state=RunState(state),
        spec=(spec or make_spec()).to_json(),
        **values,
    )


def make_attempt(
    *, run: Run | None = None, host: Host | None = None, state: str = AttemptState.OPEN, **values: Any
) -> Attempt:
    usual: dict[str, Any] = {"token": f"token-{next(_numbers)}", "started_at": timezone.now()}
    run = run or make_run(state=RunState.RUNNING)
    return Attempt.objects.create(run=run, host=host or make_host(), state=AttemptState(state), **usual | values)


def make_stage(
    *, attempt: Attempt | None = None, kind: str = StageKind.TRAIN, state: str = StageState.WANTED, **values: Any
) -> Stage:
    usual: dict[str, Any] = {"key": f"stage-{next(_numbers)}", "target": "alpha" if kind == StageKind.INFER else ""}
    return Stage.objects.create(
        attempt=attempt or make_attempt(), kind=str(kind), state=StageState(state), **usual | values
    )


def make_ending(*, outcome: str = Outcome.FINISHED, **values: Any) -> dict[str, Any]:
    """As a stage's row holds it."""
    usual: dict[str, Any] = {"exit_code": 0, "oom_killed": False, "wall_s": 1.0}
    return Ending(outcome=Outcome(outcome), **usual | values).to_json()
