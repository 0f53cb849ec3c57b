"""What is measured on, and how much of it a team may use."""

from django.contrib import admin
from django.db.models import Model as Row
from django.http import HttpRequest

from leaderboard import models
from leaderboard.admin.rows import Deed, Rows, to
from leaderboard.publishing import boards
from leaderboard.submitting.errors import Refused


@admin.register(models.Release)
class ReleaseRows(Rows):
    list_display = ("name", "version", "release_id", "loaded_at")
    search_fields = ("name", "version", "release_id")
    elsewhere = (("tracks", models.Track, "release"),)


def set_open(track: models.Track, *, is_open: bool) -> None:
    if not models.Track.objects.filter(pk=track.pk, is_open=not is_open).update(is_open=is_open):
        sentence = f"It is {'open' if is_open else 'paused'} already."
        raise Refused("as_it_is", sentence, "There is nothing to do.", status=409)


def make_boards(track: models.Track) -> None:
    """All of them, though nothing has changed: the default one now, the others as soon as somebody takes the task."""
    if not models.Board.objects.filter(track=track).update(made_of=""):
        raise Refused("no_boards", "It has no boards yet.", "They are made with its first published score.", status=409)
    boards.recompute(track)


@admin.register(models.Track)
class TrackRows(Rows):
    list_display = ("title", "slug", "release_", "is_open", "per_day", "at_once")
    list_select_related = ("release",)
    list_filter = ("is_open",)
    search_fields = ("title", "slug")
    editable = ("title", "description", "per_day", "at_once")
    release_ = to("release")
    elsewhere = (
        ("submissions", models.Submission, "track"),
        ("evaluations", models.Evaluation, "track"),
        ("boards", models.Board, "track"),
        ("teams' own quotas", models.TeamQuota, "track"),
        ("sealed studies", models.SealedStudy, "track"),
    )
    deeds = (
        Deed(
            name="pause",
            label="Pause: no new submissions; what is under way goes on",
            act=lambda _person, track, _why: set_open(track, is_open=False),
            done="takes no new submissions",
        ),
        Deed(
            name="open",
            label="Open for submissions",
            act=lambda _person, track, _why: set_open(track, is_open=True),
            done="takes submissions",
        ),
        Deed(
            name="boards",
            label="Make its boards again",
            act=lambda _person, track, _why: make_boards(track),
            done="its boards are made again",
        ),
    )


@admin.register(models.TeamQuota)
class TeamQuotaRows(Rows):
    """Empty is as the track says."""

    list_display = ("__str__", "team_", "track_", "per_day", "at_once", "why")
    list_select_related = ("team", "track")
    list_filter = ("track",)
    search_fields = ("team__name", "track__title", "why")
    raw_id_fields = ("team", "track")
    editable = ("per_day", "at_once", "why")
    team_, track_ = to("team"), to("track")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("leaderboard.add_teamquota"))

    def has_delete_permission(self, request: HttpRequest, _row: Row | None = None) -> bool:
        return bool(request.user.has_perm("leaderboard.delete_teamquota"))

    def get_readonly_fields(self, request: HttpRequest, row: Row | None = None) -> list[str]:
        return super().get_readonly_fields(request, row) if row is not None else []
