"""Every row for operators, to search and to read. What a part of the site writes is written by that part alone."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model as Row
from django.db.models import QuerySet
from django.http import HttpRequest

from leaderboard import models
from leaderboard.hosting import work
from leaderboard.submitting import submissions, uploads
from leaderboard.submitting.errors import Refused

admin.site.site_header = admin.site.site_title = "Holdout, for operators"
admin.site.enable_nav_sidebar = False


class Rows(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Read-only, but for what `editable` names; nothing is added or deleted here."""

    editable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False

    def get_exclude(self, _request: HttpRequest, _row: Row | None = None) -> tuple[str, ...]:
        return self.hidden

    def get_readonly_fields(self, _request: HttpRequest, _row: Row | None = None) -> list[str]:
        shut = {*self.editable, *self.hidden}
        fields = [*self.opts.fields, *self.opts.many_to_many]
        return [field.name for field in fields if field.name not in shut and not hasattr(field, "through")]


def for_each(request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str) -> None:
    """An action: one call of a function for each row; what is refused is said, and the others go on."""
    for row in rows:
        try:
            act(row)
        except Refused as refused:
            messages.error(request, f"{row}: {refused} {refused.remedy}")
        else:
            messages.success(request, f"{row}: {done}")


# People


@admin.register(models.Person)
class PersonRows(Rows):
    list_display = ("username", "email", "is_active", "is_staff", "is_curator", "last_login")
    list_filter = ("is_active", "is_staff", "is_curator")
    search_fields = ("username", "email", "first_name", "last_name")
    editable = ("is_active", "is_curator")
    hidden = ("password", "groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, row: Row | None = None) -> list[str]:
        """Who is staff is a superuser's to say: nobody makes more of themselves."""
        shut = super().get_readonly_fields(request, row)
        return [name for name in shut if name != "is_staff"] if request.user.is_superuser else shut


class Memberships(admin.TabularInline):  # type: ignore[type-arg]
    model = models.Membership
    extra = 0
    can_delete = False
    readonly_fields = ("person", "role")

    def has_add_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False


@admin.register(models.Team)
class TeamRows(Rows):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug", "people__email")
    inlines = (Memberships,)


@admin.register(models.Invitation)
class InvitationRows(Rows):
    list_display = ("email", "team", "invited_by", "created_at", "ended_at")
    list_select_related = ("team", "invited_by")
    search_fields = ("email", "team__name")


@admin.register(models.Token)
class TokenRows(Rows):
    """Deleting one takes it back. Its id is the hash that it is checked by, which opens nothing."""

    list_display = ("name", "user", "scope", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("name", "user__email")
    hidden = ("digest", "token_key")

    def has_delete_permission(self, request: HttpRequest, _row: Row | None = None) -> bool:
        return bool(request.user.is_superuser)


# What is measured on


@admin.register(models.Release)
class ReleaseRows(Rows):
    list_display = ("name", "version", "release_id", "loaded_at")
    search_fields = ("name", "version", "release_id")


@admin.register(models.Track)
class TrackRows(Rows):
    list_display = ("title", "slug", "release", "is_open", "per_day", "at_once")
    list_select_related = ("release",)
    list_filter = ("is_open",)
    search_fields = ("title", "slug")
    editable = ("description", "is_open", "per_day", "at_once")


# What was sent


@admin.register(models.Model)
class ModelRows(Rows):
    list_display = ("name", "team", "kind", "created_at")
    list_select_related = ("team",)
    list_filter = ("kind",)
    search_fields = ("name", "slug", "team__name")


@admin.register(models.Upload)
class UploadRows(Rows):
    list_display = ("id", "name", "team", "state", "received_bytes", "size_bytes", "touched_at")
    list_select_related = ("team",)
    list_filter = ("state",)
    search_fields = ("id", "name", "team__name")
    actions = ("remove",)

    @admin.action(description="Remove, where no submission uses it", permissions=("change",))
    def remove(self, request: HttpRequest, rows: QuerySet[models.Upload]) -> None:
        for_each(request, rows, uploads.remove, "removed")


@admin.register(models.Submission)
class SubmissionRows(Rows):
    list_display = ("__str__", "team", "track", "state", "state_since", "told", "is_free")
    list_select_related = ("model__team", "track")
    list_filter = ("state", "told", "track", "image_origin", "is_free")
    search_fields = ("id", "model__name", "model__team__name", "image_name")
    date_hierarchy = "created_at"
    editable = ("is_free",)
    actions = ("release", "withdraw")

    @admin.display(ordering="model__team__name")
    def team(self, submission: models.Submission) -> models.Team:
        return submission.model.team

    @admin.action(description="Go on, where it waits for us", permissions=("change",))
    def release(self, request: HttpRequest, rows: QuerySet[models.Submission]) -> None:
        for_each(request, rows, work.release, "goes on")

    @admin.action(description="Withdraw", permissions=("change",))
    def withdraw(self, request: HttpRequest, rows: QuerySet[models.Submission]) -> None:
        for_each(request, rows, lambda row: submissions.withdraw(request.user, row), "withdrawn")


# Work


@admin.register(models.Host)
class HostRows(Rows):
    list_display = ("name", "is_draining", "reported_at", "free_disk_mb", "unfit")
    list_filter = ("is_draining",)
    search_fields = ("name",)
    editable = ("is_draining",)


@admin.register(models.Evaluation)
class EvaluationRows(Rows):
    list_display = ("__str__", "created_at", "finished_at")
    list_select_related = ("submission__model", "track")
    list_filter = ("track",)
    search_fields = ("submission__model__name", "submission__id")


@admin.register(models.Run)
class RunRows(Rows):
    list_display = ("__str__", "team", "state", "failures_of_ours", "queued_at", "ended_at")
    list_select_related = ("submission__model", "team")
    list_filter = ("state", "purpose")
    search_fields = ("submission__id", "submission__model__name", "team__name")
    actions = ("release",)

    @admin.action(description="Try again, where it is parked", permissions=("change",))
    def release(self, request: HttpRequest, rows: QuerySet[models.Run]) -> None:
        for_each(request, rows, work.release_parked, "is tried again")


class Stages(admin.TabularInline):  # type: ignore[type-arg]
    model = models.Stage
    extra = 0
    can_delete = False
    fields = readonly_fields = ("key", "kind", "target", "state", "phase", "wanted_at", "ended_at", "ending")

    def has_add_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False


@admin.register(models.Attempt)
class AttemptRows(Rows):
    """Without the token that a host's reports count by."""

    list_display = ("id", "run", "host", "state", "started_at", "ended_at", "reason")
    list_select_related = ("run__submission__model", "host")
    list_filter = ("state", "host")
    search_fields = ("id", "run__submission__id", "run__submission__model__name", "reason")
    hidden = ("token",)
    inlines = (Stages,)


@admin.register(models.Refund)
class RefundRows(Rows):
    list_display = ("attempt_id", "cpu_s", "created_at")


# Scores


@admin.register(models.Scorecard)
class ScorecardRows(Rows):
    list_display = ("__str__", "computed_at")
    list_select_related = ("evaluation__submission__model", "evaluation__track")
    search_fields = ("evaluation__submission__model__name",)


@admin.register(models.PublishedBoard)
class PublishedBoardRows(Rows):
    list_display = ("title", "url", "imported_at")
    search_fields = ("title", "citation")
