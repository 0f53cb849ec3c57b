"""Answers that are kept, so that the same request sent twice is done once."""

from django.db import models

from leaderboard.models.people import Person


class KeptAnswer(models.Model):
    """`key` is the client's own word for a request, `fingerprint` what it asked for under that word."""

    person = models.ForeignKey(Person, models.CASCADE)
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="one_answer_for_a_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.person}"
