"""What a host that was taken can put into its list at the broker: the gate goes on and answers the others."""

import json

from django.core.management import call_command

from evaluator.worker import open_broker, reports_of
from tests.site.hosting.test_gate import Correspondent, broker, process  # noqa: F401
from tests.site.hosting.values import report

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
    b"x" * (32 << 20),
    json.dumps(report(host="there", sequence=10**9).to_json()).encode(),
    json.dumps(report(host="there", sequence=10**9).to_json() | {"host": ["here"]}).encode(),
]


def test_the_gate_outlives_what_it_cannot_read(process, broker):  # noqa: F811
    for name in ("here", "there"):
        call_command("add_host", name, no_password=True)
    host = Correspondent(broker.redis.url)
    assert host.answered().orders == ()
    with open_broker(broker.redis.url) as client:
        for message in GARBAGE:
            client.lpush(reports_of("here"), message)
    assert host.answered().orders == ()
    assert Correspondent(broker.redis.url, "there").answered().orders == ()
    assert process.poll() is None
