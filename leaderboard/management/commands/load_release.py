"""`manage.py load_release DIR`: bring a release onto the site."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from benchmark_data.errors import ReleaseError
from leaderboard.management.audited import AuditedCommand
from leaderboard.publishing.releases import RefusedError, load_release


class Command(AuditedCommand):
    help = "Verify a release, copy it to where the hosts have it, and list it. May be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        try:
            release = load_release(folder)
        except (RefusedError, ReleaseError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{release}: {release.folder} ({release.release_id})")
