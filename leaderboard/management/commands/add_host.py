"""Tell the site of a host: only hosts that it knows are answered."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from evaluator.sandbox.stages import KEY
from leaderboard.hosting import work
from leaderboard.management.audited import AuditedCommand
from leaderboard.models import Host


class Command(AuditedCommand):
    help = "Add a host by its name; one that is there stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--put-back", action="store_true", help="What it ran was stopped with it: run it again.")

    def handle(self, *_: Any, name: str, put_back: bool = False, **__: Any) -> None:
        if not KEY.fullmatch(name):
            raise CommandError(f"{name!r} names no host: use 1 to 100 of a-z, 0-9, '_', '.', '-'")
        is_new = Host.objects.get_or_create(name=name)[1]
        if put_back:
            work.put_back(name)
        self.stdout.write(f"host {name}: {'added' if is_new else 'known already'}")
