"""The gate as it is: a real process on a real Redis that is killed and comes back."""

import json
import os
import queue
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import quote

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from kombu import Connection
from kombu.exceptions import OperationalError

from evaluator.agent.messages import Answer
from evaluator.worker import REPORT_TASK, REPORTS, broker_app, queue_of
from leaderboard.hosting import gate
from leaderboard.models import Host
from leaderboard.up.redis import Redis
from tests.site.hosting.values import report

TRIES = 60


class Broker:
    def __init__(self, folder):
        self.redis = Redis(socket=folder / "r.sock")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.redis.command(), stdout=subprocess.DEVNULL)
        with Connection(self.redis.url) as connection:
            connection.ensure_connection(max_retries=100, interval_start=0.1, interval_step=0)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def process(broker, transactional_db):
    """With this test's own database."""
    values = connection.settings_dict
    address = f"postgresql://{values['USER']}@/{values['NAME']}?host={quote(values['HOST'], safe='/')}"
    environment = {
        **os.environ,
        "SECRET_KEY": "only-for-tests",
        "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
        "DATABASE_URL": address,
        "HOLDOUT_HOST_BROKER": broker.redis.url,
    }
    started = subprocess.Popen([sys.executable, "-m", "leaderboard.hosting.gate"], env=environment)
    yield started
    started.kill()
    started.wait()


class Correspondent:
    """A host that sends until it is answered."""

    def __init__(self, address):
        self.address, self.app, self.sequence = address, broker_app(address), 0

    def send(self, text):
        self.app.send_task(REPORT_TASK, args=[text], queue=REPORTS, retry=False)

    def answered(self, **values) -> Answer:
        for _ in range(TRIES):
            with suppress(OperationalError, OSError, queue.Empty), Connection(self.address) as connection:
                self.sequence += 1
                self.send(json.dumps(report(sequence=self.sequence, **values).to_json()))
                message = connection.SimpleQueue(queue_of("here")).get(timeout=2)
                message.ack()
                return Answer.from_json(json.loads(message.payload[0][0]))
        raise AssertionError("the gate does not answer")


def test_reports_are_answered_whatever_dies(process, broker):
    call_command("add_host", "here")
    host = Correspondent(broker.redis.url)
    assert host.answered().orders == ()
    for unreadable in ("no json", "{}", "[]", json.dumps(report(host="stranger").to_json())):
        host.send(unreadable)
    assert host.answered().orders == ()
    broker.kill()
    broker.start()
    assert host.answered().orders == ()
    assert host.answered(unfit="the self test failed").orders == ()
    row = Host.objects.get(name="here")
    assert (row.unfit, row.boot_id, row.capacity["slots"]) == ("the self test failed", "boot", 4)
    assert process.poll() is None
    host.app.close()


@pytest.mark.parametrize("text", ["no json", "{}", "[]", "null", '{"stages": 5}'])
def test_a_report_that_cannot_be_read_is_one_line_of_the_log(text, caplog):
    gate.answer(None, text)
    (line,) = caplog.messages
    assert "a report is dropped, it cannot be read" in line


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_killed_is_found_again():
    call_command("add_host", "here")
    connection.ensure_connection()
    victim, sent = connection.connection.info.backend_pid, []
    with psycopg2.connect(connection.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [victim])
    other.close()
    app = SimpleNamespace(send_task=lambda _, **how: sent.append(how["queue"]))
    gate.answer(app, json.dumps(report(sequence=2).to_json()))
    assert sent == ["host.here"]


@pytest.mark.django_db
def test_a_host_is_added_once_and_by_a_name_that_can_name_a_queue(capsys):
    call_command("add_host", "here")
    call_command("add_host", "here")
    assert capsys.readouterr().out == "host here: added\nhost here: known already\n"
    with pytest.raises(CommandError, match="names no host"):
        call_command("add_host", "../there")
