"""The whole map of the site on one screen."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from leaderboard import health
from leaderboard.api import schema
from leaderboard.pages import (
    account,
    badges,
    boards,
    certificates,
    compare,
    curating,
    feeds,
    home,
    how,
    models,
    published,
    releases,
    status,
    submissions,
    submit,
    teams,
    tokens,
)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one way in, with a second factor

urlpatterns: list[URLPattern | URLResolver] = [
    # For programs, first: the map is gone through from its top, and they ask most often
    path("api/v1/", include("leaderboard.api.urls")),
    # Reading
    path("", home.home, name="home"),
    path("feed.atom", feeds.site_feed, name="feed"),
    path("boards/", boards.boards, name="boards"),
    path("boards/<slug:track>/", boards.board, name="board"),
    path("boards/<slug:track>/feed.atom", feeds.track_feed, name="board_feed"),
    path("compare/", compare.compare, name="compare"),
    path("models/<slug:slug>/badge.svg", badges.badge, name="badge"),
    path("models/<slug:slug>/", models.model, name="model"),
    path("models/<slug:slug>/v<int:version>/", models.version, name="model_version"),
    path("models/<slug:slug>/v<int:version>/entries/", models.entries, name="model_entries"),
    path("models/<slug:slug>/v<int:version>/drugs/", models.parts, {"by": "drug"}, name="model_drugs"),
    path("models/<slug:slug>/v<int:version>/mechanisms/", models.parts, {"by": "mechanism"}, name="model_mechanisms"),
    path("models/<slug:slug>/v<int:version>/cite.bib", models.cite, name="model_cite"),
    path("models/<slug:slug>/v<int:version>/certificate.json", certificates.certificate, name="model_certificate"),
    path("keys/", certificates.public_keys, name="keys"),
    path("published/", published.published, name="published"),
    path("published/<slug:slug>/", published.published_board, name="published_board"),
    path("releases/", releases.releases, name="releases"),
    path("releases/<str:release>/", releases.release, name="release"),
    path("releases/<str:release>/sealed/<str:study>/", releases.sealed_study, name="sealed_study"),
    path("releases/<str:release>/sealed/<str:study>/<str:name>", releases.released_file, name="released_file"),
    path("releases/<str:release>/<str:study>/", releases.study, name="study"),
    path("how/", how.how, name="how"),
    path("how/<slug:name>/", how.how_page, name="how_page"),
    path("about/", how.about, name="about"),
    path("status/", status.status, name="status"),
    # For people
    path("submit/", submit.submit, name="submit"),
    path("uploads/<uuid:upload_id>/remove/", submit.remove_upload, name="remove_upload"),
    path("submissions/", submissions.submissions, name="submissions"),
    path("submissions/<uuid:submission_id>/", submissions.submission, name="submission"),
    path("submissions/<uuid:submission_id>/runs/<int:run_id>/", submissions.run, name="run"),
    path("submissions/<uuid:submission_id>/withdraw/", submissions.withdraw, name="withdraw"),
    path("submissions/<uuid:submission_id>/delete/", submissions.delete, name="delete"),
    path("teams/", teams.teams, name="teams"),
    path("teams/join/<str:token>/", teams.join, name="join"),
    path("teams/<slug:slug>/", teams.team, name="team"),
    path("teams/<slug:slug>/people/<int:member_id>/role/", teams.role, name="change_role"),
    path("teams/<slug:slug>/people/<int:member_id>/remove/", teams.remove, name="remove_member"),
    path("teams/<slug:slug>/invitations/<int:invitation_id>/", teams.uninvite, name="uninvite"),
    path("account/", account.account, name="account"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/", tokens.revoke, name="revoke_token"),
    # For curators
    path("curating/", curating.curating, name="curating"),
    path("curating/audit/", curating.audit, name="curating_audit"),
    path("curating/<int:pk>/", curating.curated, name="curated"),
    path("curating/<int:pk>/step/", curating.step, name="curating_step"),
    path("curating/<int:pk>/step/<int:step_id>/", curating.answer, name="curating_answer"),
    path("curating/<int:pk>/dry-run/", curating.dry_run, name="curating_dry_run"),
    path("curating/<int:pk>/rules/", curating.rules, name="curating_rules"),
    path("curating/<int:pk>/scorer/", curating.ask_scorer, name="curating_scorer"),
    # For machines
    path("health/", health.health, name="health"),
    path("ready/", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    # The rest
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", schema.page, name="api"),
    re_path("^api/", schema.Unknown.as_view()),
]
handler400 = "leaderboard.pages.errors.bad_request"
handler500 = "leaderboard.api.problems.server_error"
