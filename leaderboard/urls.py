"""The whole map of the site on one screen."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from leaderboard.pages import about, boards, published

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one way in, with a second factor

urlpatterns: list[URLPattern | URLResolver] = [
    # Reading
    path("", boards.home, name="home"),
    path("boards/", boards.boards, name="boards"),
    path("boards/<slug:track>/", boards.board, name="board"),
    path("published/", published.published, name="published"),
    path("about/", about.about, name="about"),
    # The rest
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("leaderboard.api.urls")),
]
