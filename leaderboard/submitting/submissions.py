"""Submissions as their team writes them: sent, withdrawn, deleted with their data."""

import logging
from typing import Any

import kombu.exceptions
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from fsspec.core import url_to_fs

from evaluator import logs
from leaderboard import audit
from leaderboard.hosting import work
from leaderboard.models import Attempt, Model, ModelKind, Person, Submission, Team, Track, Upload
from leaderboard.models.entries import UploadState
from leaderboard.publishing import boards
from leaderboard.states import FOLLOWS, SubmissionState
from leaderboard.submitting import access, drafts, quotas, texts, uploads
from leaderboard.submitting.drafts import Draft
from leaderboard.submitting.errors import Refused
from leaderboard.vocabulary import Reason

log = logging.getLogger(__name__)

MAY_BE_WITHDRAWN = [state for state, following in FOLLOWS.items() if SubmissionState.WITHDRAWN in following]
NO_IMAGES = "This board runs without Docker, so it evaluates our own reference models and no images."
OF_VERSION = ("note", "pretraining", "pretrained_until", "contract", "improve_model")
TEXTS = ("description", "citation", "code_url", "licence")


def submit(person: Person, draft: Draft) -> Submission:
    with transaction.atomic():
        # One submission of a team at a time: quotas, model names, archives and version numbers are counted under it.
        team = access.one(access.teams_of(person).select_for_update(), field="team", slug=draft.team)
        track = access.one(Track.objects.all(), field="track", slug=draft.track)
        if not track.is_open:
            raise Refused("track_closed", f"{track.title} takes no submissions now.", "Choose another track.", "track")
        draft = drafts.checked(draft)
        drafts.check_resources(draft.resources, track)
        _demand_standing(person, draft)
        quotas.demand(team, track)
        upload = _taken_upload(team, draft)
        model = _model(team, draft)
        submission = Submission.objects.create(
            model=model,
            track=track,
            version=(model.submissions.aggregate(last=Max("version"))["last"] or 0) + 1,
            person=person,
            request_id=logs.trace() or logs.new_trace(),
            upload=upload,
            image_origin=draft.origin,
            image_name=draft.image or (upload.name if upload else drafts.REFERENCE + draft.reference),
            **{name: getattr(draft, name) for name in OF_VERSION},
            settings=dict(draft.settings),
            resources=dict(draft.resources),
        )
        transaction.on_commit(_wake)
    return submission


def withdraw(person: access.Who, submission: Submission) -> None:
    """Stop its work, and take it off the board. Again is no fault; what has failed cannot be withdrawn."""
    access.demand(access.may_change, person, submission)
    with transaction.atomic():
        locked = Submission.objects.select_for_update(of=("self",)).select_related("track").get(pk=submission.pk)
        if locked.state != SubmissionState.WITHDRAWN:
            was = locked.state
            _withdraw(locked)
            audit.note(person, "withdraw", locked, before={"state": was}, after={"state": locked.state})
    submission.refresh_from_db()


def delete(person: access.Who, submission: Submission) -> None:
    """Remove its archive, files, runs, logs and scores. A row without data stays: it keeps its version number and its
    place in the quota, and says `withdrawn` to readers of a score that others may have cited. The declared pretraining
    stays too: what was scored on a sealed study was judged by it."""
    access.demand(access.may_delete, person, submission)
    with transaction.atomic():
        locked = (
            Submission.objects.select_for_update(of=("self",))
            .select_related("track", "upload", "model__team")
            .get(pk=submission.pk)
        )
        if locked.state in MAY_BE_WITHDRAWN:
            _withdraw(locked)
        is_counted = quotas.counted(Submission.objects.filter(pk=locked.pk)).exists()
        audit.note(
            person, "delete with its data", locked, before={"state": submission.state}, team=locked.model.team.name
        )
        attempts = [pk.hex for pk in Attempt.objects.filter(run__submission=locked).values_list("pk", flat=True)]
        open_ones = locked.evaluations.filter(study=None)  # what was scored on a sealed study was told, and stays so
        scores = [f"scores/{pk}" for pk in open_ones.values_list("pk", flat=True)]
        locked.runs.all().delete()
        open_ones.delete()
        if locked.upload:
            uploads.discard(locked.upload)
        _emptied(locked, is_free=locked.is_free or not is_counted)
        names = [*(f"attempts/{attempt}" for attempt in attempts), *scores]
        transaction.on_commit(lambda: _remove_files(names), robust=True)
    submission.refresh_from_db()


def _demand_standing(person: Person, draft: Draft) -> None:
    """Reference models run without walls, and controls are marked as ours: both are for staff."""
    if (draft.reference or draft.kind != ModelKind.PARTICIPANT) and not person.is_staff:
        field = "reference" if draft.reference else "kind"
        raise Refused("not_staff", "This is for the site's staff.", "Submit an image of your own.", field, 403)
    if draft.reference and settings.SANDBOX != "process":
        remedy = "Build its image and submit that."
        raise Refused("no_process_sandbox", "This site runs images in Docker alone.", remedy, "reference")
    if not draft.reference and settings.SANDBOX == "process":
        raise Refused(
            "no_images", NO_IMAGES, "Submit it to a board that runs Docker.", "upload" if draft.upload else "image"
        )


def _taken_upload(team: Team, draft: Draft) -> Upload | None:
    if not draft.upload:
        return None
    upload = access.one(Upload.objects.select_for_update().filter(team=team), field="upload", pk=draft.upload)
    if upload.state != UploadState.COMPLETE:
        sentence = f"The archive is {upload.state}, not complete."
        raise Refused("not_complete", sentence, "Send the rest of it, or begin another upload.", "upload", 409)
    if upload.submissions.exists():
        raise Refused("upload_used", "This archive was submitted before.", "Upload it again.", "upload", 409)
    upload.save(update_fields=["touched_at"])  # what removes old uploads looks again, at this
    return upload


def _model(team: Team, draft: Draft) -> Model:
    if draft.new_model:
        return _new_model(team, draft)
    model = access.one(team.models.all(), field="model", slug=draft.model)
    changed = {name: text for name in TEXTS if (text := getattr(draft, name)) and text != getattr(model, name)}
    if changed:
        Model.objects.filter(pk=model.pk).update(**changed)
    return model


def _new_model(team: Team, draft: Draft) -> Model:
    if team.models.filter(name__iexact=draft.new_model).exists():
        remedy = "Choose it from your models to submit a new version, or give another name."
        raise Refused("name_taken", f"Your team has a model named {draft.new_model}.", remedy, "new_model", 409)
    values: dict[str, Any] = {name: getattr(draft, name) for name in TEXTS}
    return texts.with_free_slug(
        draft.new_model,
        lambda slug: Model.objects.create(team=team, name=draft.new_model, slug=slug, kind=draft.kind, **values),
    )


def _withdraw(submission: Submission) -> None:
    was_published = submission.state == SubmissionState.PUBLISHED
    moved = Submission.objects.filter(pk=submission.pk, state__in=MAY_BE_WITHDRAWN).update(
        state=SubmissionState.WITHDRAWN, state_since=timezone.now(), told=Reason.WITHDRAWN, told_detail=""
    )
    if not moved:
        sentence = f"{submission} has ended as {submission.state}; nothing of it runs."
        raise Refused("ended", sentence, "An owner of the team can delete it with its data.", status=409)
    submission.state = SubmissionState.WITHDRAWN
    work.stop(submission)
    if was_published:
        # A failure is logged and no fault of the withdrawal: boards that are behind are made again by the tick.
        transaction.on_commit(lambda: boards.recompute(submission.track), robust=True)


def _emptied(submission: Submission, *, is_free: bool) -> None:
    Submission.objects.filter(pk=submission.pk).update(
        deleted_at=timezone.now(),
        is_free=is_free,
        upload=None,
        person=None,
        note="",
        settings={},
        resources={},
        image_name="",
        image_id="",
        told_detail="",
    )


def _remove_files(names: list[str]) -> None:
    files, root = url_to_fs(settings.STORAGE)
    for name in names:
        if files.exists(f"{root}/{name}"):
            files.rm(f"{root}/{name}", recursive=True)


def _wake() -> None:
    """So that it begins now. The tick comes by itself too: the broker may be away."""
    try:
        current_app.send_task("leaderboard.tick", retry=False)
    except kombu.exceptions.OperationalError as away:
        log.warning("the broker is away, so a submission begins with the next tick: %s", away)
