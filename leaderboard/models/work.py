"""Work under way: evaluations, their runs, and the attempts at them on hosts. Only `hosting/` writes here."""

import uuid
from typing import Any

from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from leaderboard.models.benchmark import Track
from leaderboard.models.entries import Submission
from leaderboard.models.people import Team
from leaderboard.states import AttemptState, Purpose, RunState, StageState


class Host(models.Model):
    """A machine that runs containers. Everything but name and draining is what it last reported."""

    name = models.CharField(max_length=100, unique=True)
    is_draining = models.BooleanField(default=False)
    broker_sha256 = models.CharField(max_length=64, blank=True)  # of its password there; empty where it needs none
    boot_id = models.CharField(max_length=64, blank=True)
    sequence = models.BigIntegerField(default=0)
    reported_at = models.DateTimeField(null=True)  # by PostgreSQL's clock
    capacity = models.JSONField(default=dict)
    free_disk_mb = models.BigIntegerField(default=0)
    unfit = models.CharField(max_length=500, blank=True)
    record = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Evaluation(models.Model):
    """One submission against one track: its open targets, or one sealed study of it."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="evaluations")
    track = models.ForeignKey(Track, models.PROTECT, related_name="evaluations")
    study = models.ForeignKey("SealedStudy", models.PROTECT, null=True, related_name="evaluations")  # None: open ones
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    scoring_asked_at = models.DateTimeField(null=True)  # when a scorer was last told to begin

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "study"], condition=models.Q(study__isnull=False), name="once_on_a_sealed_study"
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission} on {self.track}"


class Run(models.Model):
    """One (source, split, arm, seed), trained once; `spec` is evaluator.engine.runs.RunSpec as JSON.

    Runs of a check or a smoke run have no evaluation.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="runs")
    evaluation = models.ForeignKey(Evaluation, models.CASCADE, null=True, related_name="runs")
    team = models.ForeignKey(Team, models.CASCADE)  # the submission's: what fairness is counted by
    purpose = models.CharField(max_length=6, choices=Purpose)
    spec = models.JSONField()
    state = models.CharField(max_length=8, choices=RunState, default=RunState.QUEUED)
    failures_of_ours = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["submission", "purpose", "state"]),
            models.Index(fields=["submission", "queued_at"], condition=models.Q(state="queued"), name="runs_in_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.spec['arm']}/{self.spec['source']}/{self.spec['split']} of {self.submission}"


class Attempt(models.Model):
    """One go at a run, on one host: its training and every target. What it left lies in storage under its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="attempts")
    host = models.ForeignKey(Host, models.PROTECT, related_name="attempts")
    token = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=AttemptState, default=AttemptState.OPEN)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run"], condition=models.Q(state="open"), name="one_open_attempt_of_a_run")
        ]
        indexes = [models.Index(fields=["host"], condition=models.Q(state="open"), name="attempts_on_a_host")]

    def __str__(self) -> str:
        return f"{self.run} on {self.host}"


def _of_ending(path: str, field: "models.Field[Any, Any]") -> models.GeneratedField:
    return models.GeneratedField(expression=Cast(KT(f"ending__{path}"), field), output_field=field, db_persist=True)


class Stage(models.Model):
    """One container of an attempt. `ending` is evaluator.sandbox.stages.Ending as JSON."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="stages")
    key = models.CharField(max_length=40, unique=True)  # the container's name
    kind = models.CharField(max_length=5)  # evaluator.agent.messages.StageKind
    target = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=7, choices=StageState, default=StageState.WAITING)
    phase = models.CharField(max_length=12, blank=True)  # as the host last said
    wanted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ending = models.JSONField(null=True)
    # Read without its logs, which are most of an ending: of a hundred runs they are a hundred megabytes.
    outcome = _of_ending("outcome", models.TextField(null=True))
    wall_s = _of_ending("wall_s", models.FloatField(null=True))
    memory_mb = _of_ending("peaks__memory_mb", models.FloatField(null=True))
    cpu_s = _of_ending("peaks__cpu_s", models.FloatField(null=True))
    gpu_s = _of_ending("peaks__gpu_s", models.FloatField(null=True))
    reason = _of_ending("reason", models.TextField(null=True))
    manifest = models.CharField(max_length=64, blank=True)
    image = models.CharField(max_length=100, blank=True)  # the identity that an image stage found

    class Meta:
        indexes = [models.Index(fields=["ended_at"])]  # what ended lately is asked for every few seconds

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()


class Refund(models.Model):
    """What an attempt that failed by our fault had cost, given back: once, whatever is repeated."""

    attempt = models.OneToOneField(Attempt, models.CASCADE, related_name="refund")
    cpu_s = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.cpu_s:.0f} s for {self.attempt}"
