"""Boards besides those of the moment: what they once said, and all of one track as files."""

from django.db import models

from leaderboard.models.benchmark import Track


class PastBoard(models.Model):
    """The default board of a track as it stood from `at` until the next one: what a citation of that day refers to."""

    track = models.ForeignKey(Track, models.CASCADE, related_name="past_boards")
    at = models.DateTimeField()
    etag = models.CharField(max_length=64)  # of `json` alone: two of the same content are one
    json = models.BinaryField()
    n_models = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["track", "at"])]

    def __str__(self) -> str:
        return f"{self.track} of {self.at:%Y-%m-%d %H:%M}"


class WholeBoard(models.Model):
    """Every measure on every target of a track in one table, as files in storage: {format: {path, etag, size_bytes}}"""

    track = models.OneToOneField(Track, models.CASCADE, related_name="whole_board")
    files = models.JSONField(default=dict)
    n_rows = models.PositiveIntegerField(default=0)
    made_of = models.CharField(max_length=64)  # as that of the boards it was made of
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"all boards of {self.track}"
