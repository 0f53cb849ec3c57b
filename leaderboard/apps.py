"""The one Django app."""

from django.apps import AppConfig


class LeaderboardConfig(AppConfig):
    name = "leaderboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import leaderboard.celery  # so that whoever sends a task sends it to our broker
        import leaderboard.checks
        import leaderboard.tracing  # noqa: F401  # tasks carry the id of the request that sent them
