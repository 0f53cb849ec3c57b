"""What is measured on: releases and tracks."""

from django.db import models

from leaderboard.models.people import Team


class Release(models.Model):
    """A release of the benchmark's data as it lies in a folder that the hosts have too."""

    release_id = models.CharField(max_length=64, unique=True)  # the hash of its manifest
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    folder = models.CharField(max_length=500)
    summary = models.JSONField(default=dict)  # studies with counts
    loaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def address(self) -> str:
        """As pages know it; its id is the address that stays."""
        return f"{self.name}-{self.version}"


class Track(models.Model):
    """`definition` is evaluator.engine.track.plain_track of what every submission here is put through."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    release = models.ForeignKey(Release, models.PROTECT, related_name="tracks")
    smoke_release = models.ForeignKey(Release, models.PROTECT, related_name="smoke_tracks")
    definition = models.JSONField()
    is_open = models.BooleanField(default=True)
    per_day = models.PositiveIntegerField(default=5)  # submissions of a team
    at_once = models.PositiveIntegerField(default=2)  # submissions of a team under way
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class TeamQuota(models.Model):
    """What one team may do on one track in place of what the track says; empty is as the track says."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="quotas")
    track = models.ForeignKey(Track, models.CASCADE, related_name="quotas")
    per_day = models.PositiveIntegerField(null=True, blank=True)
    at_once = models.PositiveIntegerField(null=True, blank=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "track"], name="one_quota_of_a_team_on_a_track")]

    def __str__(self) -> str:
        return f"{self.team} on {self.track}"
