"""Tell the site of a host: only hosts that it knows are heard."""

import hashlib
import secrets
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError

from evaluator.sandbox.stages import KEY
from leaderboard.hosting import work
from leaderboard.management.audited import AuditedCommand
from leaderboard.models import Host


class Command(AuditedCommand):
    help = (
        "Add a host by its name; one that is there stays as it is. A new one gets a user of its own at the hosts' "
        "broker, and what it needs to reach that is shown, once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--put-back", action="store_true", help="What it ran was stopped with it: run it again.")
        parser.add_argument("--new-password", action="store_true", help="The one before lets nobody in any more.")
        parser.add_argument("--no-password", action="store_true", help="The broker is a socket of this machine.")

    def handle(
        self,
        *_: Any,
        name: str,
        put_back: bool = False,
        new_password: bool = False,
        no_password: bool = False,
        **__: Any,
    ) -> None:
        if not KEY.fullmatch(name):
            raise CommandError(f"{name!r} names no host: use 1 to 100 of a-z, 0-9, '_', '.', '-'")
        is_new = Host.objects.get_or_create(name=name)[1]
        if put_back:
            work.put_back(name)
        self.stdout.write(f"host {name}: {'added' if is_new else 'known already'}")
        if (is_new or new_password) and not no_password:
            password = secrets.token_hex(32)
            Host.objects.filter(name=name).update(broker_sha256=hashlib.sha256(password.encode()).hexdigest())
            self.stdout.write(f"HOLDOUT_HOST_NAME={name}\nHOLDOUT_HOST_BROKER={_address(name, password)}  # shown once")


def _address(name: str, password: str) -> str:
    """As this site has it: a host may know the same broker under another address."""
    known = urlsplit(settings.HOST_BROKER_URL)
    where = known.netloc.rpartition("@")[2]
    return known._replace(netloc=f"host.{name}:{password}@{where}").geturl()
