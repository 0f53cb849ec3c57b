"""Sealed studies, to read alone: their steps are curators' to propose and confirm, on the site's own pages, and nobody,
superusers included, loosens anything of a live one here."""

from django.contrib import admin

from leaderboard import models
from leaderboard.admin.rows import Rows, to


@admin.register(models.SealedStudy)
class SealedStudyRows(Rows):
    list_display = ("__str__", "track_", "state", "state_since", "uploaded_by")
    list_select_related = ("track", "uploaded_by")
    list_filter = ("state", "track")
    search_fields = ("name", "version", "study_id")
    track_ = to("track")
    elsewhere = (
        ("steps", models.StudyStep, "study"),
        ("openings", models.Opening, "study"),
        ("evaluations", models.Evaluation, "study"),
    )


@admin.register(models.StudyStep)
class StudyStepRows(Rows):
    list_display = ("__str__", "study_", "proposed_by", "proposed_at", "answered_by", "is_confirmed")
    list_select_related = ("study", "proposed_by", "answered_by")
    list_filter = ("to", "is_confirmed")
    search_fields = ("study__name", "why")
    study_ = to("study")


@admin.register(models.Opening)
class OpeningRows(Rows):
    list_display = ("__str__", "study_", "who", "opened_at")
    list_select_related = ("study",)
    search_fields = ("study__name", "who", "why")
    study_ = to("study")


@admin.register(models.Certificate)
class CertificateRows(Rows):
    """Without its content: what of it may be read while a study is live, one function of the site says."""

    hidden = ("content", "signature")
    list_display = ("__str__", "evaluation_", "signed_at")
    list_select_related = ("evaluation__submission__model", "evaluation__track")
    search_fields = ("evaluation__submission__model__name",)
    evaluation_ = to("evaluation")
