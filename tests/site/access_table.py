"""Who gets what: the status of each of PEOPLE for every address, asked for what is not published.

The team is `member`'s and `owner`'s; staff have a second factor. 302 sends people on, strangers to where one signs in.
Every address has a row for GET, and one for each other method that may change something.
"""

PEOPLE = ("anonymous", "stranger", "member", "owner", "curator", "staff")

ALL = "200 200 200 200 200 200"
PEOPLES = "302 200 200 200 200 200"
TEAMS = "302 404 200 200 404 200"
API_PEOPLES = "401 200 200 200 200 200"
API_TEAMS = "401 404 200 200 404 200"
NOBODY = "404 404 404 404 404 404"
NO_GET = "405 405 405 405 405 405"
AWAY = "302 302 302 302 302 302"
MOVED = "301 301 301 301 301 301"

TABLE = {
    ("GET", ""): ALL,
    ("GET", "^api/"): ALL,
    ("GET", "about/"): ALL,
    ("GET", "account/"): PEOPLES,
    ("POST", "account/"): PEOPLES,
    ("GET", "accounts/2fa/"): PEOPLES,
    ("GET", "accounts/2fa/authenticate/"): AWAY,
    ("GET", "accounts/2fa/reauthenticate/"): "302 302 302 302 302 200",
    ("GET", "accounts/2fa/recovery-codes/"): "302 404 404 404 404 404",
    ("GET", "accounts/2fa/recovery-codes/download/"): "302 404 404 404 404 404",
    ("GET", "accounts/2fa/recovery-codes/generate/"): AWAY,
    ("GET", "accounts/2fa/totp/activate/"): AWAY,
    ("GET", "accounts/2fa/totp/deactivate/"): "302 404 404 404 404 302",
    ("GET", "accounts/2fa/webauthn/"): PEOPLES,
    ("GET", "accounts/2fa/webauthn/add/"): AWAY,
    ("GET", "accounts/2fa/webauthn/keys/<int:pk>/edit/"): AWAY,
    ("GET", "accounts/2fa/webauthn/keys/<int:pk>/remove/"): AWAY,
    ("GET", "accounts/2fa/webauthn/reauthenticate/"): AWAY,
    ("GET", "accounts/3rdparty/"): PEOPLES,
    ("GET", "accounts/3rdparty/login/cancelled/"): ALL,
    ("GET", "accounts/3rdparty/login/error/"): "401 401 401 401 401 401",
    ("GET", "accounts/3rdparty/signup/"): AWAY,
    ("GET", r"accounts/^confirm-email/(?P<key>[-:\w]+)/$"): ALL,
    ("GET", "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"): ALL,
    ("GET", "accounts/confirm-email/"): ALL,
    ("GET", "accounts/email/"): PEOPLES,
    ("GET", "accounts/inactive/"): ALL,
    ("GET", "accounts/login/"): "200 302 302 302 302 302",
    ("GET", "accounts/login/code/confirm/"): AWAY,
    ("GET", "accounts/logout/"): PEOPLES,
    ("GET", "accounts/password/change/"): PEOPLES,
    ("GET", "accounts/password/reset/"): ALL,
    ("GET", "accounts/password/reset/done/"): ALL,
    ("GET", "accounts/password/reset/key/done/"): ALL,
    ("GET", "accounts/password/set/"): AWAY,
    ("GET", "accounts/reauthenticate/"): PEOPLES,
    ("GET", "accounts/signup/"): "200 302 302 302 302 302",
    ("GET", "accounts/social/connections/"): MOVED,
    ("GET", "accounts/social/login/cancelled/"): MOVED,
    ("GET", "accounts/social/login/error/"): MOVED,
    ("GET", "accounts/social/signup/"): MOVED,
    ("GET", "api/"): ALL,
    ("GET", "api/v1/"): NOBODY,
    ("GET", "api/v1/boards/"): ALL,
    ("GET", "api/v1/boards/<slug:track>.csv"): ALL,
    ("GET", "api/v1/boards/<slug:track>/"): ALL,
    ("GET", "api/v1/me/"): API_PEOPLES,
    ("GET", "api/v1/models/"): ALL,
    ("GET", "api/v1/models/<slug:slug>/"): NOBODY,
    ("GET", "api/v1/published/"): ALL,
    ("GET", "api/v1/published/<slug:slug>/"): ALL,
    ("GET", "api/v1/published/<slug:slug>/scores/"): ALL,
    ("GET", "api/v1/releases/"): ALL,
    ("GET", "api/v1/releases/<slug:release_id>/"): ALL,
    ("GET", "api/v1/schema/"): ALL,
    ("GET", "api/v1/submissions/"): API_PEOPLES,
    ("POST", "api/v1/submissions/"): "401 400 400 400 400 400",
    ("GET", "api/v1/submissions/<uuid:submission_id>/"): API_TEAMS,
    ("DELETE", "api/v1/submissions/<uuid:submission_id>/"): "401 404 403 204 404 204",
    ("GET", "api/v1/submissions/<uuid:submission_id>/matrices/"): NOBODY,
    ("GET", "api/v1/submissions/<uuid:submission_id>/runs/"): API_TEAMS,
    ("GET", "api/v1/submissions/<uuid:submission_id>/runs/<int:run_id>/logs/"): API_TEAMS,
    ("GET", "api/v1/submissions/<uuid:submission_id>/scores/"): "404 404 200 200 404 200",
    ("GET", "api/v1/submissions/<uuid:submission_id>/withdraw/"): "401 405 405 405 405 405",
    ("POST", "api/v1/submissions/<uuid:submission_id>/withdraw/"): API_TEAMS,
    ("GET", "api/v1/tokens/"): API_PEOPLES,
    ("POST", "api/v1/tokens/"): "401 400 400 400 400 400",
    ("GET", "api/v1/tokens/<uuid:token_id>/"): "401 405 405 405 405 405",
    ("DELETE", "api/v1/tokens/<uuid:token_id>/"): "401 404 404 204 404 404",
    ("GET", "api/v1/tracks/"): ALL,
    ("GET", "api/v1/tracks/<slug:slug>/"): ALL,
    ("GET", "api/v1/uploads/"): API_PEOPLES,
    ("POST", "api/v1/uploads/"): "401 400 400 400 400 400",
    ("GET", "api/v1/uploads/<uuid:upload_id>/"): "401 404 200 200 404 404",
    ("PATCH", "api/v1/uploads/<uuid:upload_id>/"): "401 404 400 400 404 404",
    ("DELETE", "api/v1/uploads/<uuid:upload_id>/"): "401 404 204 204 404 404",
    ("GET", "boards/"): ALL,
    ("GET", "boards/<slug:track>/"): ALL,
    ("GET", "models/<slug:slug>/"): NOBODY,
    ("GET", "published/"): ALL,
    ("GET", "published/<slug:slug>/"): ALL,
    ("GET", "submissions/"): "302 200 200 200 302 200",
    ("GET", "submissions/<uuid:submission_id>/"): TEAMS,
    ("GET", "submissions/<uuid:submission_id>/delete/"): TEAMS,
    ("POST", "submissions/<uuid:submission_id>/delete/"): "302 404 403 302 404 302",
    ("GET", "submissions/<uuid:submission_id>/runs/<int:run_id>/"): TEAMS,
    ("GET", "submissions/<uuid:submission_id>/withdraw/"): TEAMS,
    ("POST", "submissions/<uuid:submission_id>/withdraw/"): "302 404 302 302 404 302",
    ("GET", "submit/"): "302 200 200 200 302 302",
    ("POST", "submit/"): "302 400 400 400 302 302",
    ("GET", "teams/"): PEOPLES,
    ("POST", "teams/"): PEOPLES,
    ("GET", "teams/<slug:slug>/"): TEAMS,
    ("POST", "teams/<slug:slug>/"): TEAMS,
    ("GET", "teams/<slug:slug>/invitations/<int:invitation_id>/"): NO_GET,
    ("POST", "teams/<slug:slug>/invitations/<int:invitation_id>/"): "302 404 403 302 404 404",
    ("GET", "teams/<slug:slug>/people/<int:member_id>/remove/"): TEAMS,
    ("POST", "teams/<slug:slug>/people/<int:member_id>/remove/"): "302 404 302 302 404 404",
    ("GET", "teams/<slug:slug>/people/<int:member_id>/role/"): NO_GET,
    ("POST", "teams/<slug:slug>/people/<int:member_id>/role/"): "302 404 403 400 404 404",
    ("GET", "teams/join/<str:token>/"): "302 404 404 404 404 404",
    ("POST", "teams/join/<str:token>/"): "302 404 404 404 404 404",
    ("GET", "tokens/"): PEOPLES,
    ("POST", "tokens/"): PEOPLES,
    ("GET", "tokens/<uuid:token_id>/"): NO_GET,
    ("POST", "tokens/<uuid:token_id>/"): "302 404 404 302 404 404",
    ("GET", "uploads/<uuid:upload_id>/remove/"): NO_GET,
    ("POST", "uploads/<uuid:upload_id>/remove/"): "302 404 302 302 404 404",
}
"""What is not published."""

PUBLISHED = {
    ("GET", "api/v1/models/<slug:slug>/"): ALL,
    ("GET", "api/v1/submissions/<uuid:submission_id>/"): API_TEAMS,
    ("DELETE", "api/v1/submissions/<uuid:submission_id>/"): "401 404 403 204 404 204",
    ("GET", "api/v1/submissions/<uuid:submission_id>/matrices/"): ALL,
    ("GET", "api/v1/submissions/<uuid:submission_id>/runs/"): API_TEAMS,
    ("GET", "api/v1/submissions/<uuid:submission_id>/runs/<int:run_id>/logs/"): API_TEAMS,
    ("GET", "api/v1/submissions/<uuid:submission_id>/scores/"): ALL,
    ("GET", "api/v1/submissions/<uuid:submission_id>/withdraw/"): "401 405 405 405 405 405",
    ("POST", "api/v1/submissions/<uuid:submission_id>/withdraw/"): API_TEAMS,
    ("GET", "models/<slug:slug>/"): ALL,
    ("GET", "submissions/<uuid:submission_id>/"): TEAMS,
    ("GET", "submissions/<uuid:submission_id>/delete/"): TEAMS,
    ("POST", "submissions/<uuid:submission_id>/delete/"): "302 404 403 302 404 302",
    ("GET", "submissions/<uuid:submission_id>/runs/<int:run_id>/"): TEAMS,
    ("GET", "submissions/<uuid:submission_id>/withdraw/"): TEAMS,
    ("POST", "submissions/<uuid:submission_id>/withdraw/"): "302 404 302 302 404 302",
}
"""The same addresses of what is published."""

ADMIN = "admin/"
"""Everything below is for staff alone."""
OPEN_IN_ADMIN = ("admin/login/", "admin/logout/")
STAFF_LOSE = ("admin/", "submissions/<uuid:submission_id>/", "api/v1/submissions/<uuid:submission_id>/")
"""Without a second factor."""
