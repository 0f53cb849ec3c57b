"""The submissions of somebody's teams: the list, one with its live state, its runs with their logs, its end."""

import hashlib
import json
from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from leaderboard.hosting.forecast import Forecast, forecast
from leaderboard.models import Submission
from leaderboard.pages import standing
from leaderboard.pages.doors import PersonsRequest, persons_page
from leaderboard.reads import amounts
from leaderboard.reads.sealed_words import words_of
from leaderboard.reads.submissions import RunLine, failed_stage, logs, runs_of
from leaderboard.states import ENDED, SubmissionState
from leaderboard.submitting import access
from leaderboard.submitting import submissions as writes

A_PAGE = 50
NOTHING_NEW = 204
LAST_LINES = 16
FORECAST_KEPT_S = 10


@require_GET
@persons_page
def submissions(request: PersonsRequest) -> HttpResponse:
    if not access.teams_of(request.user).exists() and not request.user.is_staff:
        return redirect("teams")
    rows = access.submissions_of(request.user).select_related("model__team", "track").order_by("-created_at", "id")
    page_of = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    made = [standing.list_row(submission) for submission in page_of]
    return render(request, "submissions/list.html", {"rows": made, "page_of": page_of})


@require_GET
@persons_page
def submission(request: PersonsRequest, submission_id: UUID) -> HttpResponse:
    """The page, or the part of it that lives; a poll that brings nothing new leaves the page alone."""
    entry = _one(request, submission_id)
    part = _standing(request, entry)
    if not request.htmx:
        return render(request, "submissions/submission.html", part | _sent(entry) | {"on_sealed": words_of(entry)})
    if request.GET.get("seen") == part["seen"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "submissions/polled.html", part)


@require_GET
@persons_page
def run(request: PersonsRequest, submission_id: UUID, run_id: int) -> HttpResponse:
    entry = _one(request, submission_id)
    line = next((line for line in runs_of(entry) if line.id == run_id), None)
    if line is None:
        raise access.not_found("run")
    said, row = logs(run_id=run_id), standing.run_row(line)
    stages = [(stage, {"key": stage.key, **said[stage.key]} if stage.key in said else None) for stage in row.stages]
    return render(request, "submissions/run.html", {"submission": entry, "run": row, "stages": stages})


@require_http_methods(["GET", "POST"])
@persons_page
def withdraw(request: PersonsRequest, submission_id: UUID) -> HttpResponse:
    entry = _one(request, submission_id)
    if request.method == "POST":
        writes.withdraw(request.user, entry)
        messages.success(request, f"{entry} is withdrawn.")
        return redirect("submission", entry.pk)
    if entry.state == SubmissionState.PUBLISHED:
        lead = "It leaves the board, and its page says that it was withdrawn, without its scores. It cannot be undone."
    else:
        lead = "Everything of it that runs is stopped."
    page = {"title": f"Withdraw {entry}?", "lead": lead, "action": "Withdraw it"}
    return render(request, "submissions/confirm.html", page | {"submission": entry})


@require_http_methods(["GET", "POST"])
@persons_page
def delete(request: PersonsRequest, submission_id: UUID) -> HttpResponse:
    entry = _one(request, submission_id)
    if request.method == "POST":
        writes.delete(request.user, entry)
        messages.success(request, f"{entry} is deleted with its data.")
        return redirect("submissions")
    lead = "Its archive, logs, predictions and scores are removed. Nobody can bring them back."
    page = {"title": f"Delete {entry}?", "lead": lead, "action": "Delete it with its data"}
    return render(request, "submissions/confirm.html", page | {"submission": entry})


def _one(request: PersonsRequest, submission_id: UUID) -> Submission:
    rows = Submission.objects.all() if access.is_operator(request.user) else access.submissions_of(request.user)
    return access.one(rows.select_related("model__team", "track", "person", "upload"), pk=submission_id)


def _standing(request: PersonsRequest, entry: Submission) -> dict[str, object]:
    runs = runs_of(entry)
    ended = entry.state in ENDED
    page = {
        "submission": entry,
        "page": standing.page(entry, runs),
        "failed": _failed(runs) if ended else None,
        "forecast": standing.forecast_facts(_forecast(entry), has_estimate=entry.state in standing.ESTIMATED),
        "is_published": entry.state == SubmissionState.PUBLISHED,
        "may_withdraw": entry.state in writes.MAY_BE_WITHDRAWN,
        "may_delete": access.may_delete(request.user, entry),
    }
    html = render_to_string("submissions/standing.html", page)
    return page | {"standing": SafeString(html), "seen": hashlib.sha256(html.encode()).hexdigest()[:16]}


def _forecast(entry: Submission) -> Forecast:
    """As of some seconds ago, at most: all who watch a submission ask every two seconds, and it takes many rows."""
    key = f"forecast-{entry.pk}-{entry.state}"
    kept: Forecast | None = cache.get(key)
    if kept is None:
        kept = forecast(entry)
        cache.set(key, kept, FORECAST_KEPT_S)
    return kept


def _failed(runs: Sequence[RunLine]) -> dict[str, object] | None:
    found = failed_stage(runs)
    if found is None:
        return None
    run, stage = found
    said = logs(run_id=run.id, key=stage.key).get(stage.key, {"head": "", "tail": ""})
    lines = (said["tail"] or said["head"]).splitlines()[-LAST_LINES:]
    return {"run": run.id, "key": stage.key, "name": stage.name, "said": "\n".join(lines)}


def _sent(entry: Submission) -> dict[str, object]:
    return {
        "settings_text": json.dumps(entry.settings),
        "archive_size": amounts.size(entry.upload.size_bytes) if entry.upload else "",
    }
