"""The whole map of the site on one screen."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from leaderboard.pages import boards

urlpatterns: list[URLPattern | URLResolver] = [
    path("", boards.home, name="home"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("leaderboard.api.urls")),
]
