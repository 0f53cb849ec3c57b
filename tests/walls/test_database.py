"""With the database in hand: under the site's role, under the scorer's, and under the one that owns the tables."""

from contextlib import contextmanager

import psycopg2
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from leaderboard.models import Certificate, Evaluation, Opening, Person, Scorecard, SealedScore, Submission
from leaderboard.sealed import grants, looking
from leaderboard.states import SubmissionState
from tests.site.builders import make_evaluation, make_submission
from tests.site.pages.cards import a_card, a_summary

pytestmark = pytest.mark.django_db
SITE, SCORER = "walls_site", "walls_scorer"


@pytest.fixture(autouse=True)
def roles(db):
    """Gone with the test's transaction."""
    grants.grant(SITE, grants.site_rights())
    grants.grant(SCORER, grants.scorer_rights())


@contextmanager
def acting_as(role):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        yield
        cursor.execute("RESET ROLE")


def refused(role, statement, *values):
    """Whether the role may not; any other error of the statement is one of the test. Nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement, values)
            transaction.set_rollback(True)
    except DatabaseError as error:
        if not isinstance(error.__cause__, psycopg2.errors.InsufficientPrivilege):
            raise
        return True
    return False


def tables():
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def everything(role=None):
    """Every row of every table that a role may read, as text and as bytes."""
    parts, read = [], []
    for table in tables():
        if role is not None and refused(role, f'SELECT * FROM "{table}"'):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            parts += [bytes(v) if isinstance(v, memoryview) else str(v).encode() for row in cursor for v in row]
        read.append(table)
    return b"\0".join(parts), read


def test_no_table_holds_an_answer_a_seed_a_draw_or_a_key(scored, secrets):
    content, read = everything()
    assert set(read) >= {"leaderboard_sealedscore", "leaderboard_opening", "leaderboard_certificate"}
    assert secrets.found_in(content) == []


def test_the_sites_role_reads_every_table_and_finds_none(scored, secrets):
    content, read = everything(SITE)
    assert {table._meta.db_table for table in apps.get_app_config("leaderboard").get_models()} <= set(read)
    assert secrets.found_in(content) == []


@pytest.fixture
def opened(study):
    return Opening.objects.create(study=study, who="somebody", why="to have a row")


OPENINGS = [
    "UPDATE leaderboard_opening SET why = 'nothing'",
    "DELETE FROM leaderboard_opening",
    "TRUNCATE leaderboard_opening",
    "TRUNCATE leaderboard_opening CASCADE",
    "DROP TABLE leaderboard_opening",
    "ALTER TABLE leaderboard_opening DISABLE TRIGGER ALL",
    "DROP TRIGGER opening_is_final ON leaderboard_opening",
    "ALTER TABLE leaderboard_opening RENAME TO gone",
    "DROP FUNCTION leaderboard_row_is_final() CASCADE",
    """CREATE OR REPLACE FUNCTION leaderboard_row_is_final() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NEW; END'""",
    "SET session_replication_role = replica",
    "UPDATE pg_trigger SET tgenabled = 'D'",
]


@pytest.mark.parametrize("role", [SITE, SCORER])
def test_no_role_changes_or_removes_an_opening(opened, role):
    assert [statement for statement in OPENINGS if not refused(role, statement)] == []


def test_the_rule_holds_for_the_owner_of_the_tables_too(opened):
    for statement in OPENINGS[:2]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_rule_holds_against_the_owners_truncate(opened):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE leaderboard_opening ENABLE TRIGGER openings_are_kept")  # off in tests alone
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE leaderboard_opening")


def test_the_site_writes_no_opening_and_no_score_of_its_own(scored, study):
    columns = "study_id, who, why, opened_at"
    assert refused(SITE, f"INSERT INTO leaderboard_opening ({columns}) VALUES (%s, 'me', 'x', now())", study.pk)
    assert not refused(SCORER, f"INSERT INTO leaderboard_opening ({columns}) VALUES (%s, 'me', 'x', now())", study.pk)
    for statement in (
        "UPDATE leaderboard_sealedscore SET released = '{}'",
        "UPDATE leaderboard_sealedscore SET is_prospective = true",
        "INSERT INTO leaderboard_sealedscore SELECT * FROM leaderboard_sealedscore",
        "INSERT INTO leaderboard_certificate SELECT * FROM leaderboard_certificate",
        "UPDATE leaderboard_certificate SET content = ''",
    ):
        assert refused(SITE, statement), statement
    assert not refused(SITE, "UPDATE leaderboard_sealedscore SET is_superseded = true")


def test_the_scorer_reads_no_person_password_token_or_session():
    for table in (
        "leaderboard_person",
        "leaderboard_token",
        "leaderboard_invitation",
        "leaderboard_upload",
        "leaderboard_act",
        "django_session",
        "account_emailaddress",
        "mfa_authenticator",
    ):
        assert table in tables()
        assert refused(SCORER, f"SELECT 1 FROM {table}"), table
    assert refused(SCORER, "SELECT token FROM leaderboard_attempt")
    assert refused(SCORER, "SELECT ending FROM leaderboard_stage")


def test_the_scorer_reads_what_a_version_declares_and_changes_nothing_of_it():
    assert not refused(SCORER, "SELECT pretraining, pretrained_until FROM leaderboard_submission")
    for column in ("pretraining", "pretrained_until"):
        assert refused(SCORER, f"UPDATE leaderboard_submission SET {column} = NULL"), column


def test_the_scorer_moves_nothing_but_its_own_columns(scored):
    for statement in (
        "UPDATE leaderboard_sealedstudy SET state = 'released'",
        "UPDATE leaderboard_sealedstudy SET looks = 100",
        "UPDATE leaderboard_submission SET state = 'published'",
        "UPDATE leaderboard_sealedscore SET is_blind = true",
        "DELETE FROM leaderboard_sealedscore",
        "DELETE FROM leaderboard_certificate",
        "INSERT INTO leaderboard_studystep SELECT * FROM leaderboard_studystep",
    ):
        assert refused(SCORER, statement), statement


@pytest.mark.parametrize("role", [SITE, SCORER])
def test_no_role_makes_roles_or_tables_or_reads_the_servers_files(role):
    for statement in (
        "CREATE ROLE friend SUPERUSER",
        "ALTER ROLE walls_site SUPERUSER",
        "CREATE TABLE mine (x int)",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT rolpassword FROM pg_authid",
    ):
        assert refused(role, statement), statement


def test_the_scorer_does_all_its_work_under_its_own_role(study, deliver, track, vault):
    evaluation = deliver(study)
    submission = make_submission(track=track, state=SubmissionState.PUBLISHED)
    Scorecard.objects.create(
        evaluation=make_evaluation(submission=submission), card=a_card(), summary=a_summary(), draws="x"
    )
    with acting_as(SCORER):
        looking.look()
    assert SealedScore.objects.get().evaluation == evaluation
    assert SealedScore.objects.get().shown_from is not None
    assert Opening.objects.count() == 1
    assert Certificate.objects.count() == 2


def test_the_site_does_its_work_under_its_own_role(scored):
    with acting_as(SITE):
        submission = make_submission(state=SubmissionState.RUNNING)
        Evaluation.objects.create(submission=submission, track=submission.track)
        Submission.objects.filter(pk=submission.pk).update(state=SubmissionState.SCORING)
        person = Person.objects.get(pk=submission.person_id)
        submission.delete()
        person.teams.clear()
        assert not Submission.objects.filter(pk=submission.pk).exists()


def test_rights_that_a_role_has_no_longer_are_taken_from_it():
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON leaderboard_person TO {SCORER}")
        cursor.execute(f"GRANT UPDATE (state) ON leaderboard_sealedstudy TO {SCORER}")
    grants.grant(SCORER, grants.scorer_rights())
    assert refused(SCORER, "SELECT 1 FROM leaderboard_person")
    assert refused(SCORER, "UPDATE leaderboard_sealedstudy SET state = 'draft'")


@pytest.mark.django_db(transaction=True)
def test_a_role_signs_in_with_a_password_that_the_server_keeps_as_a_hash(roles):
    grants.set_password(SCORER, "a password of the scorer")
    try:
        known = connection.get_connection_params()
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [SCORER])
            assert cursor.fetchone()[0].startswith("SCRAM-SHA-256$")
        where = {name: known[name] for name in ("dbname", "host", "port") if name in known}
        signed_in = psycopg2.connect(**where, user=SCORER, password="a password of the scorer")
        with signed_in, signed_in.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT 1 FROM leaderboard_person")
        signed_in.close()
    finally:
        with connection.cursor() as cursor:
            for role in (SITE, SCORER):
                cursor.execute(f"DROP OWNED BY {role}")
                cursor.execute(f"DROP ROLE {role}")
