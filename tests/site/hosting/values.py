"""What a decision is made of; each builder takes only what a test is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from evaluator.agent.messages import Capacity, Image, ImageOrigin, Phase, Report, StageKind, StageReport
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Ending
from leaderboard.hosting.view import HeldAttempt, HeldStage, HostView, QueuedRun
from leaderboard.states import Purpose
from tests.site.builders import make_spec

RELEASE = "0" * 64
IMAGE = Image(ImageOrigin.REGISTRY, "registry.example.org/model@sha256:" + "ab" * 32)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = 7
_numbers = count(1)


def stage(key="k", kind=StageKind.TRAIN, *, target="", wanted_s=1.0, phase=""):
    return HeldStage(key=key, kind=kind, target=target, wanted_s=wanted_s, phase=phase)


def infer(key, target, **values):
    return stage(key, StageKind.INFER, target=target, **values)


def attempt(*stages, **values):
    usual = {"id": UUID(int=next(_numbers)), "token": "token", "run": 1, "team": 1}
    usual |= {"purpose": Purpose.TRACK, "spec": make_spec()}
    return HeldAttempt(**usual | {"image": IMAGE, "stages": stages or (stage(),)} | values)


def queued(number=None, *, team=1, waited_s=0.0, **values):
    number = number or next(_numbers)
    usual = {"id": number, "purpose": Purpose.TRACK, "spec": make_spec(), "image": IMAGE, "token": f"t{number}"}
    queued_at = NOON - timedelta(seconds=waited_s)
    return QueuedRun(**usual | {"team": team, "queued_at": queued_at, "attempt": UUID(int=number)} | values)


def host(*held, queue=(), running=None, **values):
    return HostView(id=HERE, held=held, queue=tuple(queue), running=running or {}, **values)


def report(*stages, slots=4, cpus=8.0, memory_mb=65536, gpus=0, **values):
    usual = {"host": "here", "boot_id": "boot", "sequence": 1, "free_disk_mb": 100_000, "releases": (RELEASE,)}
    capacity = Capacity(cpus=cpus, memory_mb=memory_mb, gpus=gpus, slots=slots)
    return Report(**usual | {"stages": stages, "capacity": capacity} | values)


def said(of, key="k", outcome=Outcome.FINISHED, **values):
    """That a stage of this attempt has ended."""
    ending = Ending(outcome=outcome, exit_code=0, oom_killed=False, wall_s=1.0)
    usual = {"attempt": of.id.hex, "token": of.token, "phase": Phase.ENDED, "ending": ending}
    return StageReport(key=key, **usual | values)
