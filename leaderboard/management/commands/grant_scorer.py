"""Make the scorer's database role, or bring its rights up to date. Run as the role that migrates."""

import os
import secrets
from argparse import ArgumentParser
from typing import Any
from urllib.parse import quote

from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from leaderboard.management.audited import AuditedCommand
from leaderboard.sealed import grants


class Command(AuditedCommand):
    help = (
        "Make the scorer's database role, with the few rights that it needs, or bring it up to date after a migration. "
        "With --site, the role that web, worker and gate work under instead of the one that owns the tables."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", action="store_true", help=f"the site's role, {grants.SITE}, in its place")
        parser.add_argument("--role", help=f"another name than {grants.SCORER} or {grants.SITE}")
        parser.add_argument(
            "--password-from", metavar="NAME", help="the environment variable with its password; else one is made"
        )
        parser.add_argument("--no-password", action="store_true", help="for a server that lets its own user in")

    def handle(
        self, *_: Any, site: bool, role: str | None, password_from: str | None, no_password: bool, **__: Any
    ) -> None:
        given = os.environ.get(password_from) if password_from else None
        if password_from and not given:
            raise CommandError(f"{password_from} is not set: set it, or leave --password-from out")
        role = role or (grants.SITE if site else grants.SCORER)
        rights = grants.site_rights() if site else grants.scorer_rights()
        try:
            with transaction.atomic():
                is_new = grants.grant(role, rights)
                password = given or (secrets.token_urlsafe(32) if is_new and not no_password else "")
                if password:
                    grants.set_password(role, password)
        except DatabaseError as error:
            raise CommandError(f"{role} could not be made: {error}Run this as the role that owns the tables.") from None
        self.stdout.write(f"{role}: {len(rights)} rights")
        if password and not given:
            variable = "DATABASE_URL" if site else "HOLDOUT_SCORER_DATABASE_URL"
            self.stdout.write(f"{variable}={_address(role, password)}  # shown once")


def _address(role: str, password: str) -> str:
    known = connection.settings_dict
    host, port = str(known["HOST"]), f":{known['PORT']}" if known["PORT"] else ""
    where = f"/{known['NAME']}?host={quote(host)}" if host.startswith("/") else f"{host}{port}/{known['NAME']}"
    return f"postgresql://{role}:{quote(password, safe='')}@{where}"
