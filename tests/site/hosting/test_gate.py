"""The gate as it is: a real process on a real Redis that is killed and comes back."""

import json
import os
import re
import subprocess
import sys
import time
from urllib.parse import quote

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from redis.exceptions import NoPermissionError, RedisError

from evaluator.agent.messages import Answer
from evaluator.worker import answers_of, keys_of, open_broker, put, reports_of
from leaderboard.hosting import gate
from leaderboard.models import Host
from leaderboard.up.redis import Redis
from tests.site.hosting.values import report

PATIENCE_S = 120


class Broker:
    def __init__(self, folder):
        self.redis = Redis(socket=folder / "r.sock")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.redis.command(), stdout=subprocess.DEVNULL)
        while not self.redis.answers():
            assert self.process.poll() is None
            time.sleep(0.01)

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

    def __init__(self, address, name="here"):
        self.broker, self.name, self.sequence = open_broker(address), name, 0

    def send(self, text):
        put(self.broker, reports_of(self.name), text, most=10, expires_s=60)

    def answered(self, **values) -> Answer:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.sequence += 1
            try:
                self.send(json.dumps(report(host=self.name, sequence=self.sequence, **values).to_json()))
                found = self.broker.brpop([answers_of(self.name)], timeout=2)
            except (RedisError, OSError):
                time.sleep(0.1)  # it is away, or its users are not made yet
                continue
            if found:
                return Answer.from_json(json.loads(found[1]))
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
    host.broker.close()


@pytest.mark.parametrize("text", ["no json", "{}", "[]", "null", '{"stages": 5}'])
def test_a_report_that_cannot_be_read_is_one_line_of_the_log(text, caplog):
    gate.answer(None, "here", text.encode())
    (line,) = caplog.messages
    assert "a report of here is dropped, it cannot be read" in line


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_killed_is_found_again(monkeypatch):
    call_command("add_host", "here")
    connection.ensure_connection()
    victim, sent = connection.connection.info.backend_pid, []
    monkeypatch.setattr(gate, "put", lambda _, key, *__, **___: sent.append(key))
    with psycopg2.connect(connection.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [victim])
    other.close()
    gate.answer(None, "here", json.dumps(report(sequence=2).to_json()).encode())
    assert sent == [answers_of("here")]


@pytest.mark.django_db
def test_a_host_is_added_once_and_by_a_name_that_can_name_a_queue(capsys):
    call_command("add_host", "here", no_password=True)
    call_command("add_host", "here")
    assert capsys.readouterr().out == "host here: added\nhost here: known already\n"
    with pytest.raises(CommandError, match="names no host"):
        call_command("add_host", "../there")


@pytest.fixture
def added(settings, broker, capsys):
    """Tells the site of a host; returns the address at which that one reaches the broker."""
    settings.HOST_BROKER_URL = broker.redis.url

    def add(name, **options):
        call_command("add_host", name, **options)
        return re.search(r"HOLDOUT_HOST_BROKER=(\S+)", capsys.readouterr().out)[1]

    return add


def test_two_hosts_reach_their_own_lists_alone(process, broker, added):
    one, two = (Correspondent(added(name), name) for name in ("one", "two"))
    assert (one.answered().host, two.answered().host) == ("one", "two")
    for deed in (
        lambda: one.broker.brpop([answers_of("two")], timeout=1),
        lambda: one.broker.lpush(reports_of("two"), "a lie"),
        lambda: one.broker.expire(answers_of("two"), 1),
        lambda: one.broker.keys("*"),
        lambda: one.broker.eval("return redis.call('llen', KEYS[1])", 1, answers_of("two")),
        lambda: one.broker.config_get("*"),
        one.broker.acl_list,
        one.broker.flushall,
    ):
        with pytest.raises(NoPermissionError):
            deed()
    one.send(json.dumps(report(host="two", sequence=10**6).to_json()))
    assert one.answered().orders == ()
    assert Host.objects.get(name="two").sequence < 10**6
    for host in (one, two):
        host.broker.close()


def test_users_come_back_with_a_broker_that_was_emptied_and_a_new_password_ends_the_old(process, broker, added):
    host = Correspondent(added("one"), "one")
    assert host.answered().orders == ()
    broker.kill()
    broker.start()
    assert host.answered().orders == ()
    again = Correspondent(added("one", new_password=True), "one")
    again.sequence = host.sequence
    assert again.answered().orders == ()
    host.broker.connection_pool.disconnect()
    with pytest.raises(RedisError, match=r"WRONGPASS|invalid username"):
        host.broker.ping()
    for one in (host, again):
        one.broker.close()


def test_a_host_that_is_gone_has_no_user(redis_server):
    with open_broker(redis_server.url) as admin:
        gate.grant(admin, {"one": "ab" * 32, "bare": ""})
        assert {user for user in admin.acl_users() if user.startswith("host.")} == {"host.one"}
        assert f"{keys_of('one')}*" in str(admin.acl_getuser("host.one")["keys"])
        gate.grant(admin, {})
        assert [user for user in admin.acl_users() if user.startswith("host.")] == []
