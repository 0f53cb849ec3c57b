"""What the API's answers look like. Bodies that are sent are read beside the door that reads them."""

from rest_framework import serializers as s

from leaderboard.models import Model, ModelKind, PublishedBoard, PublishedScore, Release, Submission, Track


class ReleaseShape(s.ModelSerializer[Release]):
    summary = s.DictField(help_text="Its studies with their counts.")

    class Meta:
        model = Release
        fields = ("release_id", "name", "version", "summary", "loaded_at")


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
        fields = ("id", "version", "track", "contract", "image_origin", "image_id", "published_at")


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
