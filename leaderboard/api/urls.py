"""The API's map."""

from django.urls import URLPattern, path, re_path
from django.views.decorators.http import conditional_page

from leaderboard.api import (
    boards,
    catalogue,
    comparisons,
    models,
    people,
    schema,
    status,
    studies,
    submissions,
    uploads,
)

urlpatterns: list[URLPattern] = [
    path("schema/", schema.Schema.as_view(), name="api-schema"),
    # For everybody
    path("boards/", conditional_page(boards.Boards.as_view()), name="api-boards"),
    path("boards/<slug:track>/", boards.unchanged_first(boards.OneBoard.as_view()), name="api-board"),
    path("boards/<slug:track>/whole.<slug:format>", boards.WholeBoardFile.as_view(), name="api-board-whole"),
    path("boards/<slug:track>.csv", boards.BoardFile.as_view(), {"format": "csv"}, name="api-board-csv"),
    path("compare/", comparisons.Comparison.as_view(), name="api-compare"),
    path("releases/", conditional_page(catalogue.Releases.as_view()), name="api-releases"),
    path("releases/<str:release>/", conditional_page(catalogue.OneRelease.as_view()), name="api-release"),
    path(
        "releases/<str:release>/studies/<str:study>/", conditional_page(catalogue.OneStudy.as_view()), name="api-study"
    ),
    path("status/", status.Status.as_view(), name="api-status"),
    path("tracks/", conditional_page(catalogue.Tracks.as_view()), name="api-tracks"),
    path("tracks/<slug:slug>/", conditional_page(catalogue.OneTrack.as_view()), name="api-track"),
    path("models/", conditional_page(catalogue.Models.as_view()), name="api-models"),
    path("models/<slug:slug>/", conditional_page(catalogue.OneModel.as_view()), name="api-model"),
    path("models/<slug:slug>/v<int:version>/", conditional_page(models.OneVersion.as_view()), name="api-model-version"),
    path("models/<slug:slug>/v<int:version>/scorecard/", models.WholeScorecard.as_view(), name="api-model-scorecard"),
    path("models/<slug:slug>/v<int:version>/<slug:table>/", models.OneTable.as_view(), name="api-model-table"),
    path("published/", conditional_page(catalogue.PublishedBoards.as_view()), name="api-published-boards"),
    path("published/<slug:slug>/", conditional_page(catalogue.OnePublishedBoard.as_view()), name="api-published"),
    path(
        "published/<slug:slug>/scores/",
        conditional_page(catalogue.PublishedScores.as_view()),
        name="api-published-scores",
    ),
    # For people
    path("me/", people.Me.as_view(), name="api-me"),
    path("tokens/", people.Tokens.as_view(), name="api-tokens"),
    path("tokens/<uuid:token_id>/", people.OneToken.as_view(), name="api-token"),
    path("submissions/", submissions.Submissions.as_view(), name="api-submissions"),
    path("submissions/<uuid:submission_id>/", submissions.OneSubmission.as_view(), name="api-submission"),
    path("submissions/<uuid:submission_id>/withdraw/", submissions.Withdrawal.as_view(), name="api-withdraw"),
    path("submissions/<uuid:submission_id>/runs/", submissions.Runs.as_view(), name="api-runs"),
    path("submissions/<uuid:submission_id>/runs/<int:run_id>/logs/", submissions.RunLogs.as_view(), name="api-logs"),
    path("submissions/<uuid:submission_id>/scores/", submissions.Scores.as_view(), name="api-scores"),
    path("submissions/<uuid:submission_id>/matrices/", submissions.Matrices.as_view(), name="api-matrices"),
    path("studies/", studies.Studies.as_view(), name="api-studies"),
    path("studies/<slug:study_id>/", studies.OneStudy.as_view(), name="api-sealed-study"),
    path("uploads/", uploads.Uploads.as_view(), name="api-uploads"),
    path("uploads/<uuid:upload_id>/", uploads.OneUpload.as_view(), name="api-upload"),
    re_path("", schema.Unknown.as_view(), name="api-unknown"),
]
