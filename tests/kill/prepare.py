"""`python -m tests.kill.prepare`: a tiny release with one small track, a person of the staff, a team and a token.

Prints as JSON what a client has to know; with `quota`, what its team has used. Runs as an operator's commands do.
"""

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

NAME, TRACK = "synthetic-tiny", "small"
DEFINITION = 'sources = ["SynthA"]\ntargets = ["SynthA"]\n'


def main() -> None:
    django.setup()
    if "quota" in sys.argv:
        print(json.dumps(_quota()))
    else:
        _load()
        print(json.dumps(_client()))


def _load() -> None:
    from benchmark_data.synthetic import write_tiny

    folder = settings.RELEASES / NAME
    write_tiny(folder)
    call_command("load_release", str(folder), stdout=None)
    definition = Path(settings.VAR) / "track.toml"
    definition.write_text(DEFINITION)
    options = {"toml": definition, "splits": 1, "arm": ["real", "intradrug"], "per_day": 1000, "at_once": 10}
    call_command("load_track", TRACK, release=NAME, smoke=NAME, memory_mb=2048, wall_s=120, **options)


def _client() -> dict[str, str]:
    from allauth.mfa.models import Authenticator

    from leaderboard.api import tokens
    from leaderboard.models import Person, Scope
    from leaderboard.submitting import teams

    person = Person.objects.create(username="operator", is_staff=True)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    team = teams.found(person, "Reference models")
    _, token = tokens.make(person, name="kill tests", scope=Scope.SUBMIT)
    return {"team": team.slug, "token": token}


def _quota() -> tuple[int, int]:
    from leaderboard.models import Team, Track
    from leaderboard.submitting import quotas

    quota = quotas.left(Team.objects.get(), Track.objects.get())
    return quota.used_today, quota.under_way


if __name__ == "__main__":
    main()
