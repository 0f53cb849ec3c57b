"""What the API's answers look like. Bodies that are sent are read beside the door that reads them."""

from typing import Any

from rest_framework import serializers as s

from leaderboard.models import Model, ModelKind, PublishedBoard, PublishedScore, Release, SealedStudy, Submission, Track
from leaderboard.reads.releases import said_of
from leaderboard.states import StudyState


class SealedStudyShape(s.ModelSerializer[SealedStudy]):
    state = s.ChoiceField(StudyState.choices)
    track = s.CharField(source="track.slug")
    said = s.SerializerMethodField(help_text="Its counts, and what its curator declared: nothing made of an answer.")

    class Meta:
        model = SealedStudy
        fields = ("name", "version", "study_id", "track", "state", "state_since", "said", "commitment", "key_id")

    def get_said(self, study: SealedStudy) -> dict[str, Any]:
        return said_of(study)


class ReleaseShape(s.ModelSerializer[Release]):
    summary = s.DictField(help_text="Its studies with their counts, overlaps, tables, splits and terms.")
    tracks = s.SlugRelatedField[Track](slug_field="slug", many=True, read_only=True)

    class Meta:
        model = Release
        fields = ("release_id", "name", "version", "summary", "tracks", "loaded_at")


class OneReleaseShape(ReleaseShape):
    sealed_studies = SealedStudyShape(many=True)

    class Meta:
        model = Release
        fields = (*ReleaseShape.Meta.fields, "sealed_studies")


class HistogramShape(s.Serializer[Any]):
    low = s.FloatField()
    high = s.FloatField()
    counts = s.ListField(child=s.IntegerField())


class GroupShape(s.Serializer[Any]):
    name = s.CharField()
    members = s.IntegerField()
    rows = s.IntegerField()


class StudyShape(s.Serializer[Any]):
    name = s.CharField()
    description = s.CharField(allow_blank=True)
    rows = s.IntegerField()
    pairs = s.IntegerField(help_text="A cell with a drug.")
    cells = s.IntegerField()
    drugs = s.IntegerField()
    repeated_pairs = s.IntegerField()
    rows_of_repeated_pairs = s.IntegerField()
    response_quartiles = s.ListField(child=s.FloatField(allow_null=True), help_text="With both ends: five numbers.")
    histogram = HistogramShape()
    mechanisms = GroupShape(many=True, help_text="`members` are drugs.")
    tissues = GroupShape(many=True, help_text="`members` are cells.")
    ceiling = s.DictField(help_text="`r2` is a number, or {undefined: reason}.")
    source = s.CharField(allow_blank=True)  # type: ignore[assignment]  # hides an option of Field
    licence = s.CharField(allow_blank=True)
    sha256 = s.CharField()


class TrackShape(s.ModelSerializer[Track]):
    release = s.CharField(source="release.release_id")
    smoke_release = s.CharField(source="smoke_release.release_id")
    definition = s.DictField(help_text="Sources, targets, scheme, splits, arms, limits: what every submission meets.")
    n_published = s.IntegerField()
    n_active = s.IntegerField()

    class Meta:
        model = Track
        fields = (
            *("slug", "title", "description", "release", "smoke_release", "definition"),
            *("is_open", "per_day", "at_once", "n_published", "n_active"),
        )


class VersionShape(s.ModelSerializer[Submission]):
    track = s.CharField(source="track.slug")

    class Meta:
        model = Submission
        fields = (
            *("id", "version", "track", "contract", "image_origin", "image_id", "published_at"),
            *("pretraining", "pretrained_until"),
        )


class ModelShape(s.ModelSerializer[Model]):
    team = s.CharField(source="team.slug")
    kind = s.ChoiceField(ModelKind.choices)
    versions = VersionShape(source="published_versions", many=True, help_text="Those that are published, newest first.")

    class Meta:
        model = Model
        fields = (
            *("slug", "name", "team", "kind", "description", "citation", "code_url", "licence", "created_at"),
            "versions",
        )


class PublishedBoardShape(s.ModelSerializer[PublishedBoard]):
    class Meta:
        model = PublishedBoard
        fields = ("slug", "title", "citation", "url", "note", "imported_at")


class PublishedScoreShape(s.ModelSerializer[PublishedScore]):
    class Meta:
        model = PublishedScore
        fields = ("model", "metric", "source", "target", "split", "value")
