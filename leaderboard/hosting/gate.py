"""The site's end of the hosts' broker: takes reports, sends answers. `python -m leaderboard.hosting.gate`."""

import json
import logging
import os

import django
from celery import Celery
from django.conf import settings
from django.db import close_old_connections
from kombu.exceptions import OperationalError as BrokerError

from evaluator.worker import ANSWER_TASK, REPORT_TASK, REPORTS, broker_app, queue_of
from leaderboard.hosting.border import read_report

log = logging.getLogger("holdout.gate")


def gate_app(address: str) -> Celery:
    app = broker_app(address)

    @app.task(name=REPORT_TASK)
    def report(text: str) -> None:
        answer(app, text)

    return app


def answer(app: Celery, text: str) -> None:
    """What cannot be read, taken or answered now is dropped: the host reports again in a moment."""
    from leaderboard.hosting.exchange import ImplausibleSequenceError, UnknownHostError, receive

    try:
        report = read_report(text)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        log.warning("a report is dropped, it cannot be read: %.200r", error)
        return
    close_old_connections()  # one that died with its server is found out here
    try:
        orders = json.dumps(receive(report).to_json())
        app.send_task(ANSWER_TASK, args=[orders], queue=queue_of(report.host), expires=settings.LEASE_S, retry=False)
    except (UnknownHostError, ImplausibleSequenceError, BrokerError) as error:
        log.warning("a report is dropped: %s", error)
    except Exception:
        # The outermost door: no report of one host may keep the gate from the others.
        log.exception("a report of %.100r is dropped", report.host)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
    django.setup()
    options = ("--pool=solo", "--concurrency=1", "--without-gossip", "--without-mingle", "--without-heartbeat")
    gate_app(settings.HOST_BROKER_URL).worker_main(
        ["worker", f"--queues={REPORTS}", f"--hostname=gate@{os.getpid()}", "--loglevel=WARNING", *options]
    )


if __name__ == "__main__":
    main()
