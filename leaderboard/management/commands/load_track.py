"""`manage.py load_track SLUG --release NAME --smoke NAME`: open a track on a release."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from benchmark_data.errors import ReleaseError
from benchmark_data.release import Release as Opened
from evaluator.arms import Arm
from evaluator.contract.errors import ContractError
from evaluator.engine.track import Track as Definition
from evaluator.engine.track import read_track, whole_release
from leaderboard.management.audited import AuditedCommand
from leaderboard.models import Release
from leaderboard.publishing.releases import RefusedError, find_release, load_track

ROW = ("title", "description", "per_day", "at_once")
LIMITS = ("cpus", "memory_mb", "wall_s")


class Command(AuditedCommand):
    help = "Open a track, or change its title, text and quotas. A release is named by name, 'name version' or id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--release", required=True, metavar="NAME")
        parser.add_argument("--smoke", required=True, metavar="NAME", help="The small release of the smoke run.")
        parser.add_argument("--toml", type=Path, metavar="FILE", help="A definition; else the whole release.")
        parser.add_argument("--splits", type=int, metavar="N", help="The first so many splits.")
        parser.add_argument("--arm", action="append", metavar="ARM", help="Once for each arm.")
        parser.add_argument("--cpus", type=float, help="Of each stage, as the two that follow.")
        parser.add_argument("--memory-mb", type=int)
        parser.add_argument("--wall-s", type=int)
        parser.add_argument("--title")
        parser.add_argument("--description")
        parser.add_argument("--per-day", type=int)
        parser.add_argument("--at-once", type=int)

    def handle(self, *_args: Any, slug: str, release: str, smoke: str, **options: Any) -> None:
        try:
            on = find_release(release)
            values = {name: options[name] for name in ROW if options[name] is not None}
            definition = replace(_definition(on, options), name=slug)
            track = load_track(slug, release=on, smoke=find_release(smoke), definition=definition, **values)
        except (RefusedError, ReleaseError, ContractError, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{track.title}: on {track.release}")


def _definition(release: Release, options: dict[str, Any]) -> Definition:
    opened = Opened.open(Path(release.folder))
    made = read_track(options["toml"], opened) if options["toml"] else whole_release(opened)
    arms = tuple(Arm.parse(name) for name in options["arm"] or ())
    made = made.narrowed(splits=tuple(range(options["splits"] or 0)), arms=arms)
    limits = {name: options[name] for name in LIMITS if options[name] is not None}
    return replace(made, train=replace(made.train, **limits), infer=replace(made.infer, **limits))
