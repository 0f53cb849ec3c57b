"""Scores, computed once: a card for each evaluation, and the boards made of them, ready to be sent."""

from django.db import models

from leaderboard.models.benchmark import Release, Track
from leaderboard.models.people import Person
from leaderboard.models.work import Evaluation


class Scorecard(models.Model):
    """`card` is evaluator.scorecard.plain.plain_card without what is kept apart: the scores of single files, in storage
    alone, and those by drug and mechanism, in ScorePart. `draws` names the stored draws that ranks are made of.

    `summary` is publishing.measures.Summary: what a row of a board says, without the card's megabytes.
    """

    evaluation = models.OneToOneField(Evaluation, models.CASCADE, related_name="scorecard")
    card = models.JSONField()
    summary = models.JSONField(default=dict)
    draws = models.CharField(max_length=200)  # a path in storage
    computed_at = models.DateTimeField(auto_now_add=True)
    rescore_why = models.CharField(max_length=200, blank=True)  # somebody asks for it to be computed again
    rescore_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    record = models.JSONField(default=dict)  # reads.sheets.Record as it was then: machines change, and go
    changes = models.JSONField(default=list)  # of computing it again: when, why, the primary score before and after

    def __str__(self) -> str:
        return f"scores of {self.evaluation}"


class ScorePart(models.Model):
    """One entry of G by drug or by mechanism, as plain_card's breakdowns have it: read for one entry at a time."""

    scorecard = models.ForeignKey(Scorecard, models.CASCADE, related_name="parts")
    by = models.CharField(max_length=10, choices=[("mechanism", "mechanism"), ("drug", "drug")])
    source = models.CharField(max_length=100)
    target = models.CharField(max_length=100)
    scores = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scorecard", "by", "source", "target"], name="one_part_of_an_entry")
        ]

    def __str__(self) -> str:
        return f"{self.scorecard}, {self.source} to {self.target} by {self.by}"


class DrugList(models.Model):
    """What the drugs of a release are called: {id: [name, [mechanism, …]]}."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="drug_list")
    drugs = models.JSONField()

    def __str__(self) -> str:
        return f"drugs of {self.release}"


class Board(models.Model):
    """A board as it is sent: page part, JSON and CSV. Rewritten whole when a score is published or withdrawn."""

    track = models.ForeignKey(Track, models.CASCADE, related_name="boards")
    metric = models.CharField(max_length=40)
    target = models.CharField(max_length=100, blank=True)  # empty: the mean over targets
    etag = models.CharField(max_length=64)
    html = models.TextField()
    json = models.BinaryField()
    csv = models.BinaryField()
    roster = models.TextField(default="[]")  # pages.board_lines: what is filtered, sorted and set together anew
    cells = models.TextField(default="{}")  # pages.board_lines: this board's score as another board's column
    n_models = models.PositiveIntegerField(default=0)
    made_of = models.CharField(max_length=64)  # a hash of the rows that stand on it: another one now, and it is stale
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["track", "metric", "target"], name="one_board_of_a_view")]

    def __str__(self) -> str:
        return f"{self.track} by {self.metric} {self.target}".strip()
