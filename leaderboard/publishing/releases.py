"""Brings releases and tracks onto the site; both are checked whole before anything is written."""

import json
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Task
from benchmark_data.release import Release as Opened
from benchmark_data.verify import verify
from evaluator.engine.evaluation import plain_track
from evaluator.engine.track import Track as Definition
from evaluator.scoring.metrics import Metric
from leaderboard.models import Release, Track
from leaderboard.publishing.summaries import plain_summary


class RefusedError(ValueError):
    """A release or track that cannot be brought in, with the remedy."""


def load_release(folder: Path) -> Release:
    """A folder outside of settings.RELEASES is copied there, where the hosts have it too."""
    verdict = verify(folder)
    if verdict.findings:
        first = verdict.findings[0]
        raise RefusedError(f"{folder} is not what its manifest says: {first.path}: {first.fault}, {first.reason}")
    place = _placed(folder.resolve(), f"{verdict.name}-{verdict.version}")
    release = Opened.open(place)
    if release.id != verdict.release_id:
        raise RefusedError(f"{place} holds another release of that name and version; make it a new version")
    values = {"name": verdict.name, "version": verdict.version, "folder": str(place), "summary": plain_summary(release)}
    row, _ = Release.objects.update_or_create(release_id=release.id, defaults=values)
    return row


def find_release(named: str) -> Release:
    """By its id, by "name version", or the one last loaded of a name."""
    name, _, version = named.partition(" ")
    found = Release.objects.filter(release_id=named) or Release.objects.filter(
        name=name, **({"version": version} if version else {})
    ).order_by("-loaded_at")
    if not found:
        raise RefusedError(f"there is no release {named!r}; load it with `load_release DIR` first")
    return found[0]


def load_track(slug: str, *, release: Release, smoke: Release, definition: Definition, **values: Any) -> Track:
    """A track that something was submitted to keeps its definition: nobody's limits change in the middle."""
    plain = json.loads(json.dumps(plain_track(definition)))
    _refuse_unscorable(definition, release)
    with transaction.atomic():
        known = Track.objects.select_for_update().filter(slug=slug).first()
        as_it_was = known is None or (known.definition == plain and known.release_id == release.pk)
        if known and not as_it_was and known.submissions.exists():
            raise RefusedError(f"{slug} has submissions, so its definition stays; give the new one another slug")
        values |= {"release": release, "smoke_release": smoke, "definition": plain}
        track, _ = Track.objects.update_or_create(slug=slug, defaults=values, create_defaults={"title": slug} | values)
    return track


def _refuse_unscorable(definition: Definition, release: Release) -> None:
    if definition.metric not in set(Metric):
        raise RefusedError(f"{definition.metric!r} is no metric; these are: {', '.join(Metric)}")
    if not {"real"} <= set(map(str, definition.arms)):
        raise RefusedError("a track needs the arm real: ranks are made of it")
    if Opened.open(Path(release.folder)).manifest.task is not Task.REGRESSION:
        raise RefusedError("boards are made for regression alone; this release is for classification")


def _placed(folder: Path, name: str) -> Path:
    """Where it lies already, or a copy that appears whole or not at all."""
    releases = Path(settings.RELEASES).resolve()
    if folder.is_relative_to(releases):
        return folder
    place, partial = releases / name, releases / f".{name}.partial"
    if not place.exists():
        releases.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder, partial)
        partial.rename(place)
    if findings := verify(place).findings:
        raise ReleaseError(f"{place} is damaged ({findings[0].path}): remove it and load {folder} again")
    return place
