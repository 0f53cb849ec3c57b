"""The world of the access matrix: a team with something unpublished and something published, and everybody else.

SECRET stands in whatever others must not see.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from evaluator.sandbox.stages import Log
from leaderboard.api import tokens
from leaderboard.models import Invitation, Scope
from leaderboard.states import AttemptState, RunState, StageState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_cast,
    make_ending,
    make_evaluation,
    make_model,
    make_person,
    make_run,
    make_stage,
    make_submission,
    make_track,
    make_upload,
)
from tests.site.curating.builders import make_step, make_study
from tests.site.pages.cards import a_card
from tests.site.pages.small_release import store_release
from tests.site.pages.stored import store_board, store_card, store_published

SECRET = "hush-hush"


@dataclass(frozen=True, slots=True)
class World:
    people: dict[str, Any]
    words: dict[str, str]  # what stands for a part of an address; "prefix name" goes before "name"

    @property
    def storage(self) -> Path:
        return Path(settings.STORAGE)

    def address(self, route: str, **words: str) -> str:
        known = self.words | words
        start = re.sub(r"[^a-z0-9/-].*", "", route)

        def word(found: re.Match[str]) -> str:
            name = found["name"] or found["group"]
            return known.get(f"{start} {name}") or known.get(name) or "1"

        filled = re.sub(r"\(\?P<(?P<group>\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(?P<name>\w+)>", word, route)
        return "/" + filled.replace("^", "").replace("$", "")


def make_world() -> World:
    cast = make_cast()
    people = {"stranger": cast.stranger, "member": cast.teammate, "owner": cast.owner}
    people |= {"curator": make_person(name="curator", curator=True), "staff": make_person(name="staff", staff=True)}
    track = make_track(release=store_release())
    shown = make_model(team=cast.team, name="Shown model")
    hidden = make_model(team=cast.team, name=SECRET, description=SECRET, citation=SECRET)
    published, published_run = _submission(shown, track, SubmissionState.PUBLISHED, card=whole_card())
    running, run = _submission(hidden, track, SubmissionState.SCORING, card={"matrices": {SECRET: {}}})
    upload = make_upload(team=cast.team, name=f"{SECRET}.tar")
    for file in (f"uploads/{upload.id}", f"attempts/{run.id}/infer-alpha/predictions.f4"):
        path = Path(settings.STORAGE, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET)
    store_board(track=track)
    store_published({("alpha", "beta"): 0.4})
    study = make_study(track=track)
    words = {
        "curating/ pk": str(study.pk),
        "study_id": study.study_id,
        "step_id": str(make_step(study, "sealed", is_open=True).pk),
        "track": track.slug,
        "release": track.release.release_id,
        "name": "rules",
        "releases/ study": "A",
        "api/v1/releases/ study": "A",
        "submission_id": str(running.pk),
        "run_id": str(run.pk),
        "published": str(published.pk),
        "published_run": str(published_run.pk),
        "upload_id": str(upload.pk),
        "member_id": str(cast.teammate.pk),
        "invitation_id": str(Invitation.objects.create(team=cast.team, email="new@example.org").pk),
        "token_id": str(tokens.make(cast.owner, name=SECRET, scope=Scope.READ)[0].public_id),
        "models/ slug": hidden.slug,
        "api/v1/models/ slug": hidden.slug,
        "teams/ slug": cast.team.slug,
        "api/v1/tracks/ slug": track.slug,
        "api/v1/published/ slug": "paper",
        "published/ slug": "paper",
        "shown": shown.slug,
        "table": "drugs",
        "app_label": "auth",
    }
    return World(people, words)


def whole_card() -> dict[str, Any]:
    """With every part of its matrices."""
    card = a_card()
    made = card["matrices"]["real"]["r2"]
    made |= {"G_std": made["G"], "Gn": made["G"], "Gna": made["Ga"]}
    return card


def _submission(model: Any, track: Any, state: str, *, card: dict[str, Any]) -> tuple[Any, Any]:
    """With its log, its archive and its card."""
    hidden: dict[str, Any] = {"settings": {SECRET: 1}}
    if state != SubmissionState.PUBLISHED:  # what was run, and what is new in it, is published with its scores
        hidden |= {"note": SECRET, "image_name": SECRET, "image_id": SECRET, "told_detail": SECRET}
    submission = make_submission(model=model, track=track, state=state, **hidden)
    evaluation = make_evaluation(submission=submission)
    store_card(evaluation, card)
    run = make_run(submission=submission, evaluation=evaluation, state=RunState.DONE)
    attempt = make_attempt(run=run, state=AttemptState.DONE)
    ending = make_ending(log=Log(head=SECRET, tail=SECRET))
    make_stage(attempt=attempt, state=StageState.ENDED, ended_at=timezone.now(), ending=ending)
    return submission, run
