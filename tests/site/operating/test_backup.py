"""The backup that the guide names, made and brought back."""

import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest
from django.db import connection

from leaderboard import audit
from leaderboard.up.postgres import _program
from tests.site.builders import make_stage

GUIDE = Path(__file__).parents[3] / "docs" / "operating.md"


def address(name):
    known = connection.settings_dict
    return f"postgresql://{known['USER']}@/{name}?host={quote(known['HOST'], safe='/')}"


@pytest.fixture
def other(transactional_db):
    """An empty database beside this one."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}"')


def run(command, database, folder):
    words = command.replace('"$DATABASE_URL"', address(database)).split()
    subprocess.run([str(_program(words[0])), *words[1:]], cwd=folder, check=True, env={"PATH": "/usr/bin"})


def test_what_the_guide_dumps_can_be_restored_as_it_says(other, tmp_path):
    stage = make_stage()
    audit.note(None, "look", stage)
    guide = GUIDE.read_text()
    run(re.search(r"^pg_dump .*$", guide, re.MULTILINE)[0], connection.settings_dict["NAME"], tmp_path)
    run(re.search(r"`(pg_restore [^`]*)`", guide)[1], other, tmp_path)
    restored = psycopg2.connect(address(other))
    with restored, restored.cursor() as cursor:
        cursor.execute("SELECT key FROM leaderboard_stage")
        assert cursor.fetchall() == [(stage.key,)]
        with pytest.raises(psycopg2.Error, match="append-only"):
            cursor.execute("DELETE FROM leaderboard_act")
    restored.close()
