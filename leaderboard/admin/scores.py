"""Scores and the boards made of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from leaderboard import models
from leaderboard.admin.rows import Deed, Rows, to
from leaderboard.publishing import rescoring

RESCORE = Deed(
    name="ask to rescore",
    label="Compute its scores again",
    act=rescoring.ask,
    done="the scorer computes it again; the audit says what came out",
    warning="The card is computed again from the stored predictions. If a value comes out another, the board changes, "
    "readers see when and why, and the old values stay in the audit alone.",
    asks_why=True,
    fits=lambda evaluation: evaluation.study_id is None,  # a sealed study's scorer alone computes its scores
)


@admin.register(models.Evaluation)
class EvaluationRows(Rows):
    list_display = ("__str__", "submission_", "track_", "study", "created_at", "finished_at")
    list_select_related = ("submission__model", "track", "study")
    list_filter = ("track",)
    search_fields = ("submission__model__name", "submission__id")
    submission_, track_ = to("submission"), to("track")
    elsewhere = (("runs", models.Run, "evaluation"), ("scores", models.Scorecard, "evaluation"))
    deeds = (RESCORE,)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The list of a sealed study's evaluations has none that it fits."""
        return {} if request.GET.get("study__exact") else super().get_actions(request)


@admin.register(models.Scorecard)
class ScorecardRows(Rows):
    """Without the card itself, which is megabytes: the site shows it."""

    list_display = ("__str__", "evaluation_", "computed_at", "rescore_why")
    list_select_related = ("evaluation__submission__model", "evaluation__track")
    search_fields = ("evaluation__submission__model__name", "rescore_why")
    hidden = ("card", "summary")
    evaluation_ = to("evaluation")


@admin.register(models.Board)
class BoardRows(Rows):
    list_display = ("__str__", "track_", "metric", "target", "n_models", "computed_at")
    list_select_related = ("track",)
    list_filter = ("track", "metric")
    search_fields = ("track__title", "metric", "target")
    hidden = ("html", "json", "csv")
    track_ = to("track")

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).defer("html", "json", "csv")


@admin.register(models.PublishedBoard)
class PublishedBoardRows(Rows):
    list_display = ("title", "url", "imported_at")
    search_fields = ("title", "citation")
