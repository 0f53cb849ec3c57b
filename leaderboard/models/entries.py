"""What was sent: models of teams, their submissions, the archives that are uploaded for them."""

import uuid

from django.db import models

from leaderboard.models.benchmark import Track
from leaderboard.models.people import Person, Team
from leaderboard.states import SubmissionState


class ModelKind(models.TextChoices):
    PARTICIPANT = "participant"
    REFERENCE = "reference"  # a known method, run by us
    CONTROL = "control"  # learns nothing that counts; every board needs some


class Model(models.Model):
    team = models.ForeignKey(Team, models.PROTECT, related_name="models")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=ModelKind, default=ModelKind.PARTICIPANT)
    description = models.TextField(blank=True)
    citation = models.TextField(blank=True)
    code_url = models.URLField(blank=True)
    licence = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_model_of_a_name_in_a_team")]

    def __str__(self) -> str:
        return self.name


class UploadState(models.TextChoices):
    OPEN = "open"
    COMPLETE = "complete"  # all bytes are here and their checksum is right
    EXPIRED = "expired"  # its file is gone


class Upload(models.Model):
    """An archive of `docker save`, sent in pieces. The file stands in storage under `uploads/<id>`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="uploads")
    person = models.ForeignKey(Person, models.SET_NULL, null=True)
    name = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    received_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class Contract(models.TextChoices):
    HOLDOUT = "holdout"
    IMPROVE = "improve"


class ImageOrigin(models.TextChoices):
    """As in evaluator.agent.messages."""

    ARCHIVE = "archive"
    REGISTRY = "registry"
    REFERENCE = "reference"


class Submission(models.Model):
    """One version of a model, sent to one track. `told` names an entry of leaderboard.vocabulary."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(Model, models.CASCADE, related_name="submissions")
    track = models.ForeignKey(Track, models.PROTECT, related_name="submissions")
    version = models.PositiveIntegerField()
    person = models.ForeignKey(Person, models.SET_NULL, null=True)
    state = models.CharField(max_length=10, choices=SubmissionState, default=SubmissionState.RECEIVED)
    state_since = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)  # what is new in this version
    pretraining = models.TextField(blank=True)  # on what data from elsewhere; empty: none is declared
    pretrained_until = models.DateField(null=True, blank=True)  # the newest date of these data
    contract = models.CharField(max_length=10, choices=Contract, default=Contract.HOLDOUT)
    improve_model = models.CharField(max_length=100, blank=True)
    settings = models.JSONField(default=dict, blank=True)  # passed on in job.json
    resources = models.JSONField(default=dict, blank=True)  # train and infer: what it asks of the track's limits
    image_origin = models.CharField(max_length=10, choices=ImageOrigin)
    image_name = models.CharField(max_length=500)  # name@sha256:…, reference:<name>, or the archive's name
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, blank=True, related_name="submissions")
    image_id = models.CharField(max_length=100, blank=True)  # the identity that the check found
    told = models.CharField(max_length=40, blank=True)
    told_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # its data are gone; the row is what remains
    is_free = models.BooleanField(default=False)  # counts against no quota, by an operator's word
    request_id = models.CharField(max_length=64, blank=True)  # of the request that brought it: its logs carry it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "version"], name="a_version_once")]
        indexes = [models.Index(fields=["state", "state_since"])]

    def __str__(self) -> str:
        return f"{self.model} v{self.version}"
