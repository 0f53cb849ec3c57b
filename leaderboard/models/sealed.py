"""Sealed studies: what the site may know of them. It holds no answer, and no key that opens one."""

from django.db import models

from leaderboard.models.benchmark import Track
from leaderboard.models.people import Person, Team
from leaderboard.models.work import Evaluation
from leaderboard.states import StudyState


class SealedStudy(models.Model):
    """One version of a hidden study. Its bundle lies in storage under `sealed/<study_id>/`, answers encrypted in it."""

    study_id = models.CharField(max_length=64, unique=True)  # the hash of its study.toml
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    track = models.ForeignKey(Track, models.PROTECT, related_name="sealed_studies")
    state = models.CharField(max_length=8, choices=StudyState, default=StudyState.DRAFT)
    state_since = models.DateTimeField(auto_now_add=True)
    summary = models.JSONField(default=dict)  # what study.toml says of it: counts, dates, how it was measured
    commitment = models.CharField(max_length=64)
    key_id = models.CharField(max_length=64)  # of the scorer's key that its answers are encrypted to
    uploaded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    looks = models.PositiveSmallIntegerField(default=5)  # of a team, while it is live
    is_rank_only = models.BooleanField(default=False)
    teams_kept_out = models.ManyToManyField(Team, related_name="+", blank=True)  # with people of the producer's
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrected_by")
    report = models.JSONField(null=True)  # evaluator.sealing's validation report

    class Meta:
        verbose_name_plural = "sealed studies"
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="a_sealed_study_version_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class StudyStep(models.Model):
    """A step of a study's life: proposed by one curator, confirmed or refused by another."""

    study = models.ForeignKey(SealedStudy, models.PROTECT, related_name="steps")
    to = models.CharField(max_length=8, choices=StudyState)
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    why = models.TextField(blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study"], condition=models.Q(answered_at=None), name="one_open_step_of_a_study"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_by=None) | ~models.Q(answered_by=models.F("proposed_by")),
                name="a_step_takes_two_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(is_confirmed=True) | models.Q(answered_by__isnull=False),
                name="a_confirmed_step_has_somebody_who_confirmed_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study} to {self.to}"


class Opening(models.Model):
    """The answers of a study were opened. Written by the scorer before it opens; the database lets nobody change it."""

    study = models.ForeignKey(SealedStudy, models.PROTECT, related_name="openings")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="openings")
    who = models.CharField(max_length=100)  # the scorer's user and host, or the curator who asked for a report
    why = models.CharField(max_length=200)
    opened_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.study}: {self.why}"


class SealedScore(models.Model):
    """What leaves the scorer of one evaluation on one sealed study. `released` is what sealed.release let out."""

    evaluation = models.OneToOneField(Evaluation, models.PROTECT, related_name="sealed_score")
    study = models.ForeignKey(SealedStudy, models.PROTECT, related_name="scores")
    released = models.JSONField(default=dict)
    is_standing = models.BooleanField(default=False)  # the ladder moved on it: it stands in the ranks
    shown_from = models.DateTimeField(null=True)  # a time of release; before it nobody is told that it was scored
    is_prospective = models.BooleanField(default=False)
    is_blind = models.BooleanField(default=False)
    is_superseded = models.BooleanField(default=False)  # its study was corrected: the score stays, marked
    computed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.evaluation} on {self.study}"


class Certificate(models.Model):
    """What was run on what with which result, signed by the scorer; `content` is the signed text itself.

    A score that changes gets another one: the newest counts, the others stay.
    """

    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="certificates")
    content = models.TextField()
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=100)  # the half that checks it, as evaluator.sealing.keys writes it
    signed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"certificate of {self.evaluation}"
