"""The site's end of the hosts' broker: takes reports, sends answers. `python -m leaderboard.hosting.gate`.

Each host has a user of its own there, who reaches that host's two lists alone. A Redis that was emptied has no users:
they are made anew from the rows.
"""

import json
import logging
import os
import time
from collections.abc import Mapping

import django
from django.conf import settings
from django.db import close_old_connections
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from evaluator.worker import COMMANDS, answers_of, keys_of, open_broker, put, reports_of, take
from leaderboard.hosting.border import read_report

log = logging.getLogger("holdout.gate")
LOOK_S = 2.0
"""How soon a host that is added is heard."""
AGAIN_S = 1.0
USER = "host."


def answer(broker: Redis, host: str, raw: bytes) -> None:
    """What cannot be read, taken or answered now is dropped: the host reports again in a moment.

    `host` is whose list it came from, which that one alone can write to.
    """
    from leaderboard.hosting.exchange import ImplausibleSequenceError, UnknownHostError, receive

    try:
        report = read_report(raw.decode())
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        log.warning("a report of %s is dropped, it cannot be read: %.200r", host, error)
        return
    if report.host != host:
        log.error("a report is dropped: %s says that it is %.100r", host, report.host)
        return
    close_old_connections()  # one that died with its server is found out here
    try:
        orders = json.dumps(receive(report).to_json())
        put(broker, answers_of(host), orders, most=1, expires_s=settings.LEASE_S)
    except (UnknownHostError, ImplausibleSequenceError, RedisError, OSError) as error:
        log.warning("a report of %s is dropped: %s", host, error)
    except Exception:
        # The outermost door: no report of one host may keep the gate from the others.
        log.exception("a report of %s is dropped", host)


def hosts() -> dict[str, str]:
    """Those that the site knows, each with the hash of its password; none where it has no user of its own."""
    from leaderboard.models import Host

    close_old_connections()
    return dict(Host.objects.values_list("name", "broker_sha256"))


def grant(broker: Redis, known: Mapping[str, str]) -> None:
    """A user for each host that has a password, and for no other."""
    wanted = {USER + name: (name, sha256) for name, sha256 in known.items() if sha256}
    for found in broker.acl_users():
        user = found.decode() if isinstance(found, bytes) else str(found)
        if user.startswith(USER) and user not in wanted:
            broker.acl_deluser(user)
    for user, (name, sha256) in wanted.items():
        may = [f"+{command}" for command in COMMANDS]
        rules = ("reset", "resetchannels", "on", f"#{sha256}", f"~{keys_of(name)}*", *may)
        broker.execute_command("ACL SETUSER", user, *rules)  # type: ignore[no-untyped-call]


def serve(broker: Redis) -> None:
    """Until the broker is away."""
    known: dict[str, str] = {}
    looked = float("-inf")
    while True:
        if time.monotonic() - looked >= LOOK_S:
            found, looked = hosts(), time.monotonic()
            if found != known:
                try:
                    grant(broker, found)
                except ResponseError as refused:
                    # Whoever keeps this broker makes its users; the hosts that have one are heard.
                    log.error("the broker's users cannot be made: %s", refused)  # noqa: TRY400
            known = found
        lists = {reports_of(name): name for name in known}
        if not lists:
            time.sleep(AGAIN_S)
        elif taken := take(broker, list(lists)):
            key, raw = taken
            answer(broker, lists[key], raw)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
    django.setup()
    said = ""
    while True:
        try:
            with open_broker(settings.HOST_BROKER_URL) as broker:
                serve(broker)
        except Exception as error:
            # The outermost door: whichever of broker and database is away, the gate is there when it is back.
            if said != (said := f"{type(error).__name__}: {error}"):
                log.warning("hosts are not heard for a moment: %s", said)
            time.sleep(AGAIN_S)


if __name__ == "__main__":
    main()
