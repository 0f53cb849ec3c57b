"""What was sent."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from leaderboard import models
from leaderboard.admin.rows import Deed, Rows, to
from leaderboard.hosting import work
from leaderboard.states import SubmissionState
from leaderboard.submitting import submissions, uploads
from leaderboard.submitting.errors import Refused
from leaderboard.vocabulary import Reason


@admin.register(models.Model)
class ModelRows(Rows):
    list_display = ("name", "team_", "kind", "created_at")
    list_select_related = ("team",)
    list_filter = ("kind",)
    search_fields = ("name", "slug", "team__name")
    team_ = to("team")
    elsewhere = (("submissions", models.Submission, "model"),)


@admin.register(models.Upload)
class UploadRows(Rows):
    list_display = ("name", "id", "team_", "state", "received_bytes", "size_bytes", "touched_at")
    list_select_related = ("team",)
    list_filter = ("state",)
    search_fields = ("id", "name", "team__name")
    team_ = to("team")
    elsewhere = (("submissions", models.Submission, "upload"),)
    deeds = (
        Deed(
            name="remove",
            label="Remove, where no submission uses it",
            act=lambda person, upload, _why: uploads.remove(person, upload),
            done="removed",
            warning="The archive's file is deleted. Its team would have to send it again.",
        ),
    )


def go_on(submission: models.Submission) -> None:
    if submission.state != SubmissionState.WAITING:
        raise Refused("not_waiting", "It does not wait for us.", "There is nothing to do.", status=409)
    work.release(submission)


class Told(admin.SimpleListFilter):
    """What its team was told."""

    title = parameter_name = "told"

    def lookups(self, _request: HttpRequest, _rows: Any) -> list[tuple[str, str]]:
        return [(reason, reason.replace("_", " ")) for reason in Reason]

    def queryset(self, _request: HttpRequest, rows: QuerySet[models.Submission]) -> QuerySet[models.Submission]:
        return rows.filter(told=self.value()) if self.value() else rows


@admin.register(models.Submission)
class SubmissionRows(Rows):
    list_display = ("__str__", "team_", "track_", "state", "state_since", "told", "is_free")
    list_select_related = ("model__team", "track")
    list_filter = ("state", Told, "track", "image_origin", "is_free")
    search_fields = ("id", "model__name", "model__team__name", "image_name", "request_id")
    date_hierarchy = "created_at"
    editable = ("is_free",)
    team_, track_ = to("model__team"), to("track")
    elsewhere = (
        ("runs", models.Run, "submission"),
        ("evaluations and scores", models.Evaluation, "submission"),
    )
    deeds = (
        Deed(
            name="release",
            label="Go on, where it waits for us",
            act=lambda _person, submission, _why: go_on(submission),
            done="goes on",
        ),
        Deed(
            name="withdraw",
            label="Withdraw",
            act=lambda person, submission, _why: submissions.withdraw(person, submission),
            done="withdrawn",
            warning="Whatever runs of it is stopped, and it leaves the board. A withdrawn submission cannot come back.",
        ),
        Deed(
            name="delete",
            label="Delete with its data",
            act=lambda person, submission, _why: submissions.delete(person, submission),
            done="deleted with its data",
            warning="Its archive, logs, predictions and scores are removed. Nobody can bring them back.",
            asks_why=True,
            superusers=True,
        ),
    )
