"""What a host that was taken can put into its broker: the gate goes on and answers the others."""

import json

from django.core.management import call_command
from redis import Redis as Client

from evaluator.worker import REPORTS
from tests.site.hosting.test_gate import Correspondent, broker, process  # noqa: F401

GARBAGE = [
    b"no json",
    b"",
    b"[]",
    b"{}",
    b"null",
    b"5",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"body": 5}',
    b'{"body": "x", "headers": 7, "properties": []}',
]


def wrapped(**values):
    """As kombu writes a message, with what an attacker changes of it."""
    usual = {
        "body": "W1siaGVyZSJdLCB7fSwge31d",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "holdout.report", "id": "x"},
        "properties": {
            "delivery_tag": "t",
            "delivery_info": {"exchange": "", "routing_key": REPORTS},
            "body_encoding": "base64",
        },
    }
    return json.dumps(usual | values).encode()


HEADERS = {"task": "holdout.report", "id": "x"}
MESSAGES = [
    wrapped(body="!!!"),
    wrapped(body=None),
    wrapped(**{"content-type": "application/x-python-serialize"}),
    wrapped(**{"content-type": "application/x-yaml"}),
    wrapped(**{"content-encoding": "zlib"}),
    wrapped(headers={}),
    wrapped(headers=HEADERS | {"compression": "application/x-bz2"}),
    wrapped(headers=HEADERS | {"task": "os.system"}),
    wrapped(headers=HEADERS | {"task": ["x"]}),
    wrapped(headers=HEADERS | {"eta": "no date"}),
    wrapped(headers=HEADERS | {"expires": "no date"}),
    wrapped(headers=HEADERS | {"retries": "x", "timelimit": 5}),
    wrapped(properties={}),
    wrapped(properties={"delivery_tag": ["x"], "body_encoding": "none"}),
]


def test_the_gate_outlives_what_it_cannot_read(process, broker):  # noqa: F811
    call_command("add_host", "here")
    host = Correspondent(broker.redis.url)
    assert host.answered().orders == ()
    client = Client(unix_socket_path=str(broker.redis.socket))
    for message in GARBAGE + MESSAGES:
        client.lpush(REPORTS, message)
    assert host.answered().orders == ()
    assert process.poll() is None
    client.close()
    host.app.close()
