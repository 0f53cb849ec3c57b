"""`python -m leaderboard.up.demo`: fills a running board with a small benchmark, five models and a login, and shows how
they are evaluated. Runs as a child of `holdout up`; whatever stands already stays, so it can be run again.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from rich.console import Console
from rich.live import Live
from rich.table import Table

from leaderboard.up.demo_models import MODELS, DemoModel
from leaderboard.up.images import archive_of

if TYPE_CHECKING:
    from leaderboard.models import Person, Submission, Team

EMAIL = "demo@example.org"
TEAM = "Reference models"
TRACK = "tiny"
STAGES = 1 + 2 * 2 + 3 * 2 * (1 + 3)
"""The image; two smoke runs; three sources with two arms, each trained once and asked for three targets."""
LOOK_S = 1.0


def main() -> None:
    django.setup()
    console = Console(stderr=True, highlight=False)
    folder = settings.VAR / "demo"
    folder.mkdir(exist_ok=True)
    load(console)
    person, team = accounts(os.environ["HOLDOUT_DEMO_PASSWORD"])
    submissions = [submitted(model, person, team, folder, console) for model in MODELS]
    (folder / "done").touch()
    watch([one.pk for one in submissions], console)
    console.print(f"sign in as [bold]{EMAIL}[/] with the password [bold]{os.environ['HOLDOUT_DEMO_PASSWORD']}[/]")


def load(console: Console) -> None:
    from django.core.management import call_command

    from benchmark_data.synthetic import write_tiny

    release = settings.RELEASES / "synthetic-tiny-1"
    if release.exists():
        call_command("load_release", str(release))
    else:
        console.print("making the small release")
        with tempfile.TemporaryDirectory() as folder:
            write_tiny(Path(folder) / "tiny")
            call_command("load_release", str(Path(folder) / "tiny"))
    options = {"splits": 1, "arm": ["real", "intradrug"], "per_day": 50, "at_once": len(MODELS), "memory_mb": 2048}
    words = {"title": "Demonstration", "description": "Synthetic screens, so nothing here says anything of cancer."}
    call_command("load_track", TRACK, release="synthetic-tiny", smoke="synthetic-tiny", **options, **words)
    call_command("import_published")


def accounts(password: str) -> tuple["Person", "Team"]:
    """Somebody to sign in as, and the operator who submits what strangers may not: controls and reference models."""
    from allauth.account.models import EmailAddress

    from leaderboard.models import Membership, Person, Role
    from leaderboard.submitting import teams

    operator, is_new = Person.objects.get_or_create(username="holdout", defaults={"is_staff": True})
    if is_new:
        operator.set_unusable_password()
        operator.save()
    guest, is_new = Person.objects.get_or_create(username="demo", defaults={"email": EMAIL})
    if is_new:
        guest.set_password(password)
        guest.save()
        EmailAddress.objects.create(user=guest, email=EMAIL, verified=True, primary=True)
    team = operator.teams.filter(name=TEAM).first() or teams.found(operator, TEAM)
    Membership.objects.get_or_create(team=team, person=guest, defaults={"role": Role.MEMBER})
    return operator, team


def submitted(model: DemoModel, person: "Person", team: "Team", folder: Path, console: Console) -> "Submission":
    """As anybody submits: an uploaded archive or, without Docker, the name of one of our own models."""
    from leaderboard.models import Submission
    from leaderboard.submitting.drafts import Draft
    from leaderboard.submitting.submissions import submit

    standing = Submission.objects.filter(model__team=team, model__name=model.name).order_by("version").last()
    if standing:
        return standing
    archive = archive_of(model.module, folder)
    draft = Draft(
        team=team.slug,
        track=TRACK,
        new_model=model.name,
        kind=model.kind,
        description=model.description,
        note=model.note,
        licence="Apache-2.0",
        settings=model.settings,
        upload=uploaded(archive, person, team, console) if settings.SANDBOX == "docker" else None,
        reference="" if settings.SANDBOX == "docker" else model.module,
    )
    submission = submit(person, draft)
    archive.unlink(missing_ok=True)
    return submission


def uploaded(archive: Path, person: "Person", team: "Team", console: Console) -> str:
    from leaderboard.submitting.uploads import take_whole

    console.print(f"uploading {archive.name}, {archive.stat().st_size >> 20:,} MiB")
    with archive.open("rb") as file:
        return str(take_whole(person, team, archive.name, file).pk)


def watch(submissions: list[Any], console: Console) -> None:
    """Until each has ended, whichever way. Where nobody looks, a line for every state that one comes to."""
    from leaderboard.states import ENDED, SubmissionState

    last: dict[str, str] = {}
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        while set(last.values()) - ENDED - {SubmissionState.WAITING} or not last:
            rows = standing(submissions)
            if console.is_terminal:
                live.update(as_table(rows))
            else:
                for name, state, ended in rows:
                    if last.get(name) != state:
                        console.print(f"{name}: {state}, {ended} of {STAGES} stages")
            last = {name: state for name, state, _ in rows}
            time.sleep(LOOK_S)
    console.print(as_table(standing(submissions)))


def as_table(rows: list[tuple[str, str, int]]) -> Table:
    table = Table("model", "state", "stages", box=None, pad_edge=False)
    for name, state, ended in rows:
        table.add_row(name, state, f"{ended} of {STAGES}")
    return table


def standing(submissions: list[Any]) -> list[tuple[str, str, int]]:
    """Model, state, stages that have ended; in the order in which they were sent."""
    from leaderboard.models import Submission

    rows = Submission.objects.filter(pk__in=submissions).select_related("model").order_by("created_at")
    ended = ended_stages(submissions)
    return [(row.model.name, row.state, ended.get(row.pk, 0)) for row in rows]


def ended_stages(submissions: list[Any]) -> dict[Any, int]:
    from django.db.models import Count

    from leaderboard.models import Stage
    from leaderboard.states import AttemptState, StageState

    counted = Stage.objects.filter(
        attempt__run__submission__in=submissions,
        attempt__state__in=(AttemptState.OPEN, AttemptState.DONE),
        state=StageState.ENDED,
    )
    return dict(counted.values_list("attempt__run__submission").annotate(n=Count("pk")))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
