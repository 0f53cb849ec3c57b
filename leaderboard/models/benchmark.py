"""What is measured on: releases and tracks."""

from django.db import models


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
