"""What each database role may do. Tables belong to the role that migrates; site and scorer are lesser ones.

The scorer reads what it scores and no person, password, token or session; it writes openings, scores and certificates,
and moves the few columns that say that it did. The site writes everything else. Neither can change an opening.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models
from psycopg2 import sql

from leaderboard.models import (
    Act,
    Attempt,
    Certificate,
    Evaluation,
    Host,
    Membership,
    Model,
    Opening,
    Release,
    Run,
    Scorecard,
    SealedScore,
    SealedStudy,
    Stage,
    StudyStep,
    Submission,
    Team,
    Track,
)

SCORER, SITE = "holdout_scorer", "holdout_site"
MIGRATIONS = "django_migrations"
Table = type[models.Model]


@dataclass(frozen=True, slots=True)
class Right:
    """A verb on a table, or on some columns of it."""

    verb: str
    table: str
    columns: tuple[str, ...] = ()

    @classmethod
    def on(cls, verb: str, table: Table, *fields: str) -> "Right":
        columns = tuple(str(table._meta.get_field(name).column) for name in fields)  # type: ignore[union-attr]
        return cls(verb, table._meta.db_table, columns)


def scorer_rights() -> list[Right]:
    whole = (Certificate, Evaluation, Membership, Model, Opening, Release, Run, Scorecard, SealedScore, SealedStudy)
    more = (StudyStep, Submission, Team, Track)
    return [
        *(Right.on("SELECT", table) for table in (*whole, *more)),
        # Without the attempts' tokens, the stages' logs, and what else hosts said of themselves.
        Right.on("SELECT", Attempt, "id", "run", "host", "state"),
        Right.on("SELECT", Stage, "id", "attempt", "kind", "target", "manifest"),
        Right.on("SELECT", Host, "id", "record"),
        *(Right.on("INSERT", table) for table in (Certificate, Opening, SealedScore)),
        Right.on("UPDATE", Evaluation, "finished_at", "scoring_asked_at"),
        Right.on("UPDATE", SealedScore, "released", "is_standing", "shown_from"),
        Right.on("UPDATE", SealedStudy, "key_id", "report"),
    ]


def site_rights() -> list[Right]:
    """Everything on its own tables; of the scorer's, what readers are told and what a deletion takes along."""
    special: Mapping[Table, Sequence[Right]] = {
        Act: [Right.on("SELECT", Act), Right.on("INSERT", Act)],
        Opening: [Right.on("SELECT", Opening)],
        SealedScore: [Right.on("SELECT", SealedScore), Right.on("UPDATE", SealedScore, "is_superseded")],
        Certificate: [Right.on("SELECT", Certificate), Right.on("DELETE", Certificate)],
    }
    rights = [Right("SELECT", MIGRATIONS)]
    for table in apps.get_models(include_auto_created=True):
        if not table._meta.managed or table._meta.proxy:
            continue
        verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
        rights += special.get(table) or [Right.on(verb, table) for verb in verbs]
    return rights


def grant(role: str, rights: Sequence[Right]) -> bool:
    """Make the role or bring it up to date: it has these rights and no others. Run it again after each migration.

    Whether it is new, and has no password yet.
    """
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        is_new = cursor.fetchone() is None
        if is_new:
            cursor.execute(sql.SQL("CREATE ROLE {}").format(name))
        lesser = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        cursor.execute(sql.SQL(f"ALTER ROLE {{}} {lesser}").format(name))
        for everything in ("TABLES", "SEQUENCES"):
            cursor.execute(sql.SQL(f"REVOKE ALL ON ALL {everything} IN SCHEMA public FROM {{}}").format(name))
        for right in rights:
            cursor.execute(_statement(right, name))
    return is_new


def set_password(role: str, password: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(role)), [password])


def _statement(right: Right, role: sql.Identifier) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, right.columns))
    of = sql.SQL(" ({})").format(columns) if right.columns else sql.SQL("")
    verb, table = sql.SQL(right.verb), sql.Identifier(right.table)
    return sql.SQL("GRANT {}{} ON {} TO {}").format(verb, of, table, role)
