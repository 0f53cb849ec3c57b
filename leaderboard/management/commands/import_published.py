"""`manage.py import_published [FILE…]`: show scores that others published, as published."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from evaluator.contract.errors import ContractError
from leaderboard.management.audited import AuditedCommand
from leaderboard.publishing.published import import_table, shipped_tables


class Command(AuditedCommand):
    help = "Import long tables of scores, each NAME.csv with NAME.toml beside it; without a name, those that we ship."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tables", nargs="*", type=Path, metavar="FILE")

    def handle(self, *_args: Any, tables: list[Path], **_options: Any) -> None:
        for path in tables or shipped_tables():
            try:
                board = import_table(path)
            except (ContractError, OSError) as error:
                raise CommandError(str(error)) from None
            self.stdout.write(f"{board.title}: {board.scores.count():,} scores")
