"""Tokens of the API, as knox keeps them: a hash alone, so that a stolen table opens nothing."""

import uuid

from django.db import models
from knox.models import AbstractAuthToken


class Scope(models.TextChoices):
    READ = "read"  # see what its person sees
    SUBMIT = "submit"  # that, and everything that its person may do, other than make tokens


class Token(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
