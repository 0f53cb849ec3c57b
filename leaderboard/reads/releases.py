"""Releases as they were counted when they were loaded, the tracks on them, and what may be said of sealed studies."""

from typing import Any

from django.db.models import CharField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Concat

from leaderboard.models import Release, SealedStudy, Track
from leaderboard.states import StudyState

COUNTED = ("rows", "cells", "drugs", "new_cells", "new_drugs")
DECLARED = (
    *("producer", "measured_at", "readable_at", "response", "direction"),
    *("dose_low_m", "dose_high_m", "curve_fit", "quality_filter", "licence"),
)
"""What is told of a sealed study's study.toml: nothing that is made of an answer."""


def find(named: str) -> Release | None:
    """By its id, or by its address; of two that read the same, the one loaded last. With its summary's `digest`; the
    summary itself is read when it is asked for."""
    named = named.replace("\0", "")  # PostgreSQL has none in texts
    read = Concat("name", Value("-"), "version", output_field=CharField())
    rows = Release.objects.defer("summary").annotate(digest=KT("summary__digest"), read=read)
    return rows.filter(release_id=named).first() or rows.filter(read=named).order_by("-loaded_at").first()


def study_of(release: Release, name: str) -> dict[str, Any] | None:
    """An open study as it was counted."""
    return next((study for study in release.summary.get("studies", ()) if study["name"] == name), None)


def tracks_on(release: Release) -> list[Track]:
    return list(Track.objects.filter(release=release).order_by("-is_open", "title", "id"))


def sealed_on(release: Release) -> list[SealedStudy]:
    """From the moment that their commitment is public: a draft is its curators' own."""
    shown = SealedStudy.objects.filter(track__release=release).exclude(state=StudyState.DRAFT)
    return list(shown.select_related("track").order_by("name", "-created_at"))


def said_of(study: SealedStudy) -> dict[str, Any]:
    response = study.summary.get("response")
    said = study.summary | ({"response": response["column"], "direction": response["direction"]} if response else {})
    told = {name: said.get(name) for name in (*COUNTED, *DECLARED)}
    return {name: value for name, value in told.items() if value not in (None, "")}
