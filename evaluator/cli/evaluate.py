"""`holdout evaluate` and `holdout check`: an image put through a track, or first through a small release."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from benchmark_data.csa_export import Layout
from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.arms import Arm
from evaluator.cli.printing import print_json, print_sheets, progress_bar
from evaluator.contract.improve import ImproveModel
from evaluator.engine.check import CheckResult, check
from evaluator.engine.engine import Progress
from evaluator.engine.evaluation import Evaluation
from evaluator.engine.host import SandboxKind, admit, host_limits, open_sandbox, sandbox_version, slots_for
from evaluator.engine.report import report_path, write_report
from evaluator.engine.runs import RunResult
from evaluator.engine.submission import Submission
from evaluator.engine.track import Track, read_track, whole_release
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.images.registry import Registry
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.scorecard.card import Card, score_card
from evaluator.scorecard.design import Design
from evaluator.scorecard.files import PredictionFolder
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.sheets import card_sheets

EVALUATE_EXAMPLE = "Example: holdout evaluate my-model --release releases/tiny --splits 2 --out my-model-on-tiny"
CHECK_EXAMPLE = "Example: docker build -t mine . && holdout check mine"

Image = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        help="An image of this machine's Docker, a file of `docker save`, one by digest at a registry that is allowed, "
        "or, with --sandbox process, reference:<name> of our models.",
    ),
]
Registries = Annotated[
    list[str] | None, typer.Option("--registry", metavar="HOST", help="A registry that images may come from.")
]
Improve = Annotated[
    str | None,
    typer.Option("--improve", metavar="MODEL", help="The image holds an IMPROVE model of this name, unchanged."),
]
Headers = Annotated[
    Layout, typer.Option("--improve-headers", help="The header rows of the tree that an IMPROVE model reads.")
]
Settings = Annotated[list[str] | None, typer.Option("--setting", metavar="NAME=JSON", help="Passed on in job.json.")]
Sandboxes = Annotated[SandboxKind, typer.Option("--sandbox", help="Where stages run; process takes reference models.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
TICK = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("·", "dim")}


def evaluate_command(
    image: Image,
    release: Annotated[Path, typer.Option(metavar="DIR", exists=True, file_okay=False, help="A release.")],
    track: Annotated[
        Path | None, typer.Option(metavar="TOML", exists=True, dir_okay=False, help="By default all of the release.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Takes everything; run again, it goes on.")] = None,
    sandbox: Sandboxes = SandboxKind.DOCKER,
    runtime: Annotated[str | None, typer.Option(help="Docker's runtime, such as runsc; by default its own.")] = None,
    scheme: Annotated[Scheme, typer.Option(help="The split scheme, without a track.")] = Scheme.RANDOM_ROWS,
    splits: Annotated[int | None, typer.Option(min=1, help="The first so many splits alone.")] = None,
    arm: Annotated[list[str] | None, typer.Option(help="These arms alone.")] = None,
    setting: Settings = None,
    improve: Improve = None,
    improve_headers: Headers = Layout.MANY_HEADERS,
    registry: Registries = None,
    slots: Annotated[int | None, typer.Option(min=1, help="Stages side by side; by default what fits.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train IMAGE on every source and split of a release, ask it about every target, and score what it says."""
    opened = Release.open(release)
    chosen = _track(opened, track, scheme, splits, arm)
    folder = out or Path(f"{image.replace(':', '-').replace('/', '-')}-{chosen.name}")
    stages, docker = open_sandbox(sandbox, folder)
    submission = _submission(docker, image, folder, setting, improve, improve_headers, registry)
    version = sandbox_version(docker)
    evaluation = Evaluation.open(
        folder, submission=submission, release=opened, track=chosen, runtime=runtime, sandbox=version
    )
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("stages", total=None)

        def seen(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.done, description=progress.stage.name)
            if progress.ending.outcome is not Outcome.FINISHED:
                bar.console.print(Text(f"{progress.stage.name}: {progress.ending.reason}"))

        results = evaluation.run(stages, slots=slots or slots_for(chosen), on_progress=seen)
        bar.update(task, description="scores")
        card = _card(evaluation)
    write_report(evaluation, card, results)
    if as_json:
        print_json(plain_card(card))
    else:
        print_sheets(Console(highlight=False), card_sheets(card))
        Console(highlight=False, soft_wrap=True).print(Text(f"Also in {report_path(evaluation)} and results.json"))
    _say_failures(evaluation, results)


def check_command(
    image: Image,
    release: Annotated[
        Path | None,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="By default a tiny one, made for the check."),
    ] = None,
    sandbox: Sandboxes = SandboxKind.DOCKER,
    setting: Settings = None,
    improve: Improve = None,
    improve_headers: Headers = Layout.MANY_HEADERS,
    registry: Registries = None,
    as_json: AsJson = False,
) -> None:
    """Run IMAGE through both stages on a small release, and say rule by rule whether the contract holds."""
    with tempfile.TemporaryDirectory(prefix="holdout-check-") as place, progress_bar(quiet=as_json) as bar:
        task = bar.add_task("check", total=None)
        folder = Path(place)
        if release is None:
            write_tiny(release := folder / "tiny")
        stages, docker = open_sandbox(sandbox, folder)

        def seen(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.done, description=progress.stage.name)

        submission = _submission(docker, image, folder, setting, improve, improve_headers, registry)
        result = check(stages, submission, Release.open(release), folder, each=seen)
        stages.reap()
    if as_json:
        print_json(_plain_check(result))
    else:
        _print_check(result)
    if not result.passed:
        raise typer.Exit(1)


def _submission(
    docker: DockerSandbox | None,
    image: str,
    folder: Path,
    settings: list[str] | None,
    improve: str | None,
    headers: Layout,
    registries: list[str] | None,
) -> Submission:
    if improve and docker is None:
        raise typer.BadParameter("an IMPROVE model runs in Docker: leave out --sandbox", param_hint="--improve")
    folder.mkdir(parents=True, exist_ok=True)
    identity = admit(docker, image, registries=[Registry(host) for host in registries or []], folder=folder)
    return Submission(identity, _settings(settings), ImproveModel(improve, headers) if improve else None)


def _track(release: Release, path: Path | None, scheme: Scheme, splits: int | None, arms: list[str] | None) -> Track:
    track = read_track(path, release) if path else whole_release(release, scheme=scheme)
    try:
        chosen = tuple(Arm.parse(name) for name in arms or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--arm") from None
    return track.narrowed(splits=track.splits[:splits] if splits else None, arms=chosen or None).capped(host_limits())


def _settings(texts: list[str] | None) -> dict[str, Any]:
    """NAME=JSON; what is no JSON is text."""
    settings: dict[str, Any] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"'{text}': write NAME=JSON", param_hint="--setting")
        try:
            settings[name] = json.loads(value)
        except json.JSONDecodeError:
            settings[name] = value
    return settings


def _card(evaluation: Evaluation) -> Card:
    track = evaluation.track
    design = Design(evaluation.release, track.scheme, track.sources, track.targets, track.splits)
    return score_card(design, PredictionFolder(evaluation.folder / "predictions").reader(design), arms=track.arms)


def _say_failures(evaluation: Evaluation, results: list[RunResult]) -> None:
    endings = [ending for result in results for ending in (result.train, *result.infer.values())]
    theirs, ours = (sum(ending.outcome.fault is fault for ending in endings) for fault in (Fault.THEIRS, Fault.OURS))
    if theirs or ours:
        sentence = f"{theirs} stages failed by the image's fault and {ours} by this host's; their logs: "
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"{sentence}{evaluation.folder}/runs"))
        raise typer.Exit(1)


def _plain_check(result: CheckResult) -> dict[str, Any]:
    findings = [
        {"rule": finding.rule, "passed": finding.passed, "sentence": finding.sentence} for finding in result.findings
    ]
    return {"passed": result.passed, "findings": findings, "log_tail": result.log_tail}


def _print_check(result: CheckResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in result.findings:
        console.print(Text.assemble(TICK[finding.passed], f" {finding.rule}: {finding.sentence}"))
    if result.log_tail:
        console.print(Text("What it printed last:", style="bold"))
        console.print(Text(result.log_tail))
