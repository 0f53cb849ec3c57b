"""The scorer's own queue: a broker that no host reaches, and messages that carry ids and nothing else.

`celery -A leaderboard.sealed.queue worker -B -Q sealed` is the scorer's process. It finds its work in the database; the
site's part of this module only wakes it, or says which report or re-encryption a curator asked for.
"""

import logging
import os

import kombu.exceptions
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")

from django.conf import settings

LOOK_S = 10
log = logging.getLogger(__name__)
app = Celery("sealed", broker=settings.SCORER_BROKER_URL, set_as_current=False, include=["leaderboard.sealed.tasks"])
app.conf.update(
    task_default_queue="sealed",
    task_ignore_result=True,
    task_acks_late=True,
    task_time_limit=7200,
    accept_content=["json"],
    task_serializer="json",
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"visibility_timeout": 7200},
    beat_schedule={"look": {"task": "sealed.look", "schedule": LOOK_S, "options": {"expires": LOOK_S}}},
)


def wake() -> None:
    """So that it looks now; it does so by itself every few seconds."""
    _send("sealed.look")


def ask_report(study: int, person: int) -> None:
    """The validation report once more: an opening, with this person's name."""
    _send("sealed.report", study, person)


def ask_reseal(study: int, person: int) -> None:
    """The answers encrypted again, to the scorer's current key: an opening too."""
    _send("sealed.reseal", study, person)


def _send(task: str, *ids: int) -> None:
    try:
        app.send_task(task, args=ids, retry=False, ignore_result=True)
    except kombu.exceptions.OperationalError as away:
        log.warning("%s %s was not asked for: the scorer's broker is away: %s", task, ids, away)
