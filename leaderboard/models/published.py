"""Scores that others published: shown as published, never evaluated here."""

from django.db import models


class PublishedBoard(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    citation = models.TextField()
    url = models.URLField()
    note = models.TextField(blank=True)
    imported_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title


class PublishedScore(models.Model):
    board = models.ForeignKey(PublishedBoard, models.CASCADE, related_name="scores")
    model = models.CharField(max_length=100)
    metric = models.CharField(max_length=40)
    source = models.CharField(max_length=100)
    target = models.CharField(max_length=100)
    split = models.PositiveIntegerField()
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["board", "model", "metric", "source", "target", "split"], name="a_published_score_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.metric} {self.source} → {self.target}/{self.split}"
