"""The site's own queue: short tasks, none of which holds the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")

from django.conf import settings

app = Celery("leaderboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["leaderboard"])
# Scoring takes long and must not keep ticks waiting: it has a queue of its own, which "-Q scores" takes from.
app.conf.task_routes = {"leaderboard.score": {"queue": "scores"}, "leaderboard.boards": {"queue": "scores"}}
# A tick that nobody took before the next one is due is worth nothing.
app.conf.beat_schedule = {
    "tick": {"task": "leaderboard.tick", "schedule": settings.TICK_S, "options": {"expires": settings.TICK_S}},
    "boards": {"task": "leaderboard.boards", "schedule": 10, "options": {"expires": 10}},
    "sweep": {"task": "leaderboard.sweep", "schedule": 3600, "options": {"expires": 3600}},
}
