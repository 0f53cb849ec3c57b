"""Work under way: hosts, runs, attempts, stages, and what was given back."""

from django.contrib import admin
from django.db.models import Model as Row
from django.http import HttpRequest

from leaderboard import models
from leaderboard.admin.rows import Deed, Rows, to
from leaderboard.hosting import work
from leaderboard.states import RunState
from leaderboard.submitting.errors import Refused


def drain(host: models.Host, *, is_draining: bool) -> None:
    if not models.Host.objects.filter(pk=host.pk, is_draining=not is_draining).update(is_draining=is_draining):
        sentence = f"It {'drains' if is_draining else 'takes work'} already."
        raise Refused("as_it_is", sentence, "There is nothing to do.", status=409)


@admin.register(models.Host)
class HostRows(Rows):
    list_display = ("name", "is_draining", "reported_at", "free_disk_mb", "unfit")
    list_filter = ("is_draining",)
    search_fields = ("name", "unfit")
    hidden = ("broker_sha256",)
    elsewhere = (("attempts", models.Attempt, "host"),)
    deeds = (
        Deed(
            name="drain",
            label="Drain: what it has goes on, and it takes no more",
            act=lambda _person, host, _why: drain(host, is_draining=True),
            done="drains",
        ),
        Deed(
            name="undrain",
            label="Put back: it takes work again",
            act=lambda _person, host, _why: drain(host, is_draining=False),
            done="takes work",
        ),
        Deed(
            name="empty",
            label="Give up what it runs",
            act=lambda _person, host, _why: work.put_back(host.name),
            done="what it ran is in the queue again",
            warning="What runs there is stopped and begun again from its start, there or elsewhere. "
            "It counts as nobody's failure; the hours are lost and refunded. Drain the host first.",
        ),
    )


def try_again(run: models.Run) -> None:
    if run.state != RunState.PARKED:
        raise Refused("not_parked", "It is not parked.", "There is nothing to do.", status=409)
    work.release_parked(run)


@admin.register(models.Run)
class RunRows(Rows):
    list_display = ("__str__", "submission_", "team_", "state", "failures_of_ours", "queued_at", "ended_at")
    list_select_related = ("submission__model", "team")
    list_filter = ("state", "purpose")
    search_fields = ("submission__id", "submission__model__name", "team__name")
    submission_, team_ = to("submission"), to("team")
    elsewhere = (("attempts", models.Attempt, "run"),)
    deeds = (
        Deed(
            name="release",
            label="Try again, where it is parked",
            act=lambda _person, run, _why: try_again(run),
            done="is tried again",
        ),
    )


class Stages(admin.TabularInline):  # type: ignore[type-arg]
    model = models.Stage
    extra = 0
    can_delete = False
    show_change_link = True
    fields = readonly_fields = ("key", "kind", "target", "state", "phase", "wanted_at", "ended_at", "outcome", "reason")

    def has_add_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False


@admin.register(models.Attempt)
class AttemptRows(Rows):
    """Without the token that a host's reports count by."""

    list_display = ("id", "run_", "host_", "state", "started_at", "ended_at", "reason")
    list_select_related = ("run__submission__model", "host")
    list_filter = ("state", "host")
    search_fields = ("id", "run__submission__id", "run__submission__model__name", "reason")
    hidden = ("token",)
    inlines = (Stages,)
    run_, host_ = to("run"), to("host")
    elsewhere = (("stages", models.Stage, "attempt"), ("refund", models.Refund, "attempt"))


@admin.register(models.Stage)
class StageRows(Rows):
    list_display = ("key", "kind", "target", "attempt_", "state", "outcome", "wall_s", "ended_at")
    list_select_related = ("attempt__run__submission__model", "attempt__host")
    list_filter = ("state", "kind", "outcome")
    search_fields = ("key", "reason", "attempt__run__submission__model__name")
    attempt_ = to("attempt")


@admin.register(models.Refund)
class RefundRows(Rows):
    list_display = ("attempt_", "cpu_s", "created_at")
    list_select_related = ("attempt__run__submission__model", "attempt__host")
    search_fields = ("attempt__run__submission__model__name", "attempt__run__team__name")
    attempt_ = to("attempt")
