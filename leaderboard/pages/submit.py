"""The form that sends a model: limits and quota first, then checks; what was typed and uploaded is kept."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.models import Team, Track, Upload
from leaderboard.models.entries import UploadState
from leaderboard.pages.doors import PersonsRequest, persons_page, tell
from leaderboard.pages.submit_form import SubmitForm
from leaderboard.pages.track_facts import facts
from leaderboard.reads import amounts
from leaderboard.reads.benchmark import tracks
from leaderboard.submitting import access, idempotency, quotas, submissions, uploads
from leaderboard.submitting.errors import Refused

Choice = TypeVar("Choice", Team, Track)


@require_http_methods(["GET", "POST"])
@persons_page
def submit(request: PersonsRequest) -> HttpResponse:
    teams = list(access.teams_of(request.user).order_by("name"))
    if not teams:
        messages.info(request, "Submissions belong to a team: found one, or accept an invitation.")
        return redirect("teams")
    open_tracks = list(tracks().filter(is_open=True))
    if not open_tracks:
        return render(request, "submit/closed.html")
    asked = request.POST or request.GET
    team, track = _chosen(teams, asked.get("team")), _chosen(open_tracks, asked.get("track"))
    if request.method == "POST":
        form, submission = _send(request, team, track)
        if submission:
            return redirect("submission", submission)
    else:
        form = SubmitForm(team, track, initial={"key": uuid4(), "team": team.slug, "track": track.slug})
    page = {"form": form, "team": team, "teams": teams, "track": track, "tracks": open_tracks}
    page |= {"facts": facts(track), "quota": quotas.left(team, track)}
    page |= {"by_hand": _by_hand(team, track), "archives": _archives(team)}
    page["no_images"] = submissions.NO_IMAGES if settings.SANDBOX == "process" else ""
    return render(request, "submit/submit.html", page, status=400 if form.errors else 200)


@require_POST
@persons_page
def remove_upload(request: PersonsRequest, upload_id: UUID) -> HttpResponse:
    upload = access.one(access.uploads_of(request.user).select_related("team"), pk=upload_id)
    uploads.remove(request.user, upload)
    messages.success(request, f"The archive {upload.name} is removed.")
    return redirect(f"{reverse('submit')}?{urlencode({'team': upload.team.slug})}")


def _send(request: PersonsRequest, team: Team, track: Track) -> tuple[SubmitForm, str]:
    """The form as it comes back, and the submission's id where there is one."""
    typed, refused = _with_archive(request, team)
    form = SubmitForm(team, track, typed, request.FILES if refused else None)
    if refused:
        tell(form, refused)
    if not form.is_valid():
        return form, ""
    try:
        draft = form.draft()
        answer, _ = idempotency.once(
            request.user,
            _press(request),
            "",
            lambda: {"id": str(submissions.submit(request.user, draft).pk)},
        )
    except Refused as refusal:
        tell(form, refusal)
        return form, ""
    return form, answer["id"]


def _with_archive(request: PersonsRequest, team: Team) -> tuple[QueryDict, Refused | None]:
    """What was typed; a file that came with it is one of the archives that are here from now on, so that it need not
    be sent again whatever else is wrong."""
    typed, archive = request.POST.copy(), request.FILES.get("archive")
    if archive is None or archive.file is None:
        return typed, None
    try:
        upload = uploads.take_whole(request.user, team, archive.name or "", archive.file)
    except Refused as refused:
        refused.field = "archive"
        return typed, refused
    typed["upload"] = str(upload.pk)
    return typed, None


def _press(request: PersonsRequest) -> str:
    """Of what was typed and which file was chosen: the same form sent twice, and no form that was changed since."""
    typed = sorted((name, value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken")
    archive = request.FILES.get("archive")
    return idempotency.fingerprint(typed, archive and [archive.name, archive.size])


def _chosen(choices: Sequence[Choice], slug: str | None) -> Choice:
    """The first where none is named; never another than the one that is."""
    if not slug:
        return choices[0]
    found = next((choice for choice in choices if choice.slug == slug), None)
    if found is None:
        raise access.not_found(choices[0]._meta.verbose_name)
    return found


def _by_hand(team: Team, track: Track) -> dict[str, object]:
    return {
        "team": team.slug,
        "track": track.slug,
        "site": settings.SITE_URL,
        "piece_bytes": settings.UPLOAD_CHUNK_BYTES,
        "kept_h": settings.UPLOAD_KEPT_H,
        "most_gb": settings.UPLOAD_MOST_BYTES >> 30,
    }


def _archives(team: Team) -> list[tuple[Upload, str]]:
    """Those that no submission uses, each with how much of it is here."""
    there = Upload.objects.filter(team=team, submissions=None).exclude(state=UploadState.EXPIRED)
    return [
        (upload, f"{amounts.size(upload.received_bytes)} of {amounts.size(upload.size_bytes)}")
        for upload in there.order_by("-created_at", "id")
    ]
