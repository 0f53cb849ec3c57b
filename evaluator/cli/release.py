"""`holdout release …`: what is in a release, whether it is whole, and how other data becomes one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from benchmark_data.csa_import import import_csa
from benchmark_data.csa_tree import RESPONSES
from benchmark_data.import_report import ImportReport
from benchmark_data.release import Release
from benchmark_data.summary import Summary, summarise
from benchmark_data.table_import import import_tables
from benchmark_data.table_spec import read_spec, shipped_specs
from benchmark_data.verify import Verdict, verify
from evaluator.cli.printing import print_json, print_sheets, tracked

app = typer.Typer(help="Make, check and look into releases of benchmark data.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a release.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; it must not be there yet.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]

_SHIPPED = ", ".join(shipped_specs())


@app.command("verify", epilog="Example: holdout release verify releases/four-screens")
def verify_command(folder: Folder, as_json: AsJson = False) -> None:
    """Name every file that differs, is missing or is extra, and load everything once. Exit code 1 on a finding."""
    with tracked(quiet=as_json) as track:
        verdict = verify(folder, track=track)
    if as_json:
        print_json(asdict(verdict))
    else:
        _print_verdict(verdict)
    if verdict.findings:
        raise typer.Exit(1)


@app.command("info", epilog="Example: holdout release info releases/four-screens")
def info_command(folder: Folder, as_json: AsJson = False) -> None:
    """Show studies, counts, overlaps, replicates, feature coverage, splits and licences."""
    with tracked(quiet=as_json) as track:
        summary = summarise(Release.open(folder), track=track)
    if as_json:
        print_json(asdict(summary))
    else:
        _print_summary(summary)


@app.command(
    "import-tables", epilog="Example: holdout release import-tables realdata releases/four-screens --from data/"
)
def import_tables_command(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help=f"A TOML file, or a shipped one: {_SHIPPED}.")],
    out: Out,
    folder: Annotated[
        Path, typer.Option("--from", help="The folder that the spec's files are in.", exists=True, file_okay=False)
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a release of plain tables, and report what could not be used."""
    with tracked(quiet=as_json) as track:
        report = import_tables(read_spec(spec), folder, out, track=track)
    _print_report(report, as_json=as_json)


@app.command("import-csa", epilog="Example: holdout release import-csa csa_data/ releases/improve --version 2024-09")
def import_csa_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A csa_data tree of IMPROVE.", exists=True, file_okay=False)
    ],
    out: Out,
    response: Annotated[str, typer.Option(help=f"The column to predict: {', '.join(RESPONSES)}.")] = "auc",
    name: Annotated[str, typer.Option(help="The release's name.")] = "improve",
    version: Annotated[str, typer.Option(help="The release's version.")] = "1",
    licence: Annotated[str, typer.Option(help="The terms to state for every file.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a release of an IMPROVE csa_data tree as it is published, and report what could not be used."""
    with tracked(quiet=as_json) as track:
        report = import_csa(folder, out, response=response, name=name, version=version, licence=licence, track=track)
    _print_report(report, as_json=as_json)


def _print_verdict(verdict: Verdict) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in verdict.findings:
        console.print(Text.assemble((f"{finding.fault}", "bold red"), f"  {finding.path}: {finding.reason}"))
    release = f"{verdict.name} {verdict.version} ({verdict.release_id[:12]})"
    if verdict.findings:
        console.print(Text(f"{release}: {_plural(len(verdict.findings), 'finding')}; do not use it."))
    else:
        size = f"{_plural(verdict.files, 'file')}, {verdict.size_bytes / 1e6:,.1f} MB"
        console.print(Text(f"{release} is what its manifest says: {size}."))


def _print_summary(summary: Summary) -> None:
    console = Console(highlight=False)
    console.print(Text(f"{summary.name} {summary.version}", style="bold"))
    for line in (
        summary.description,
        f"{summary.task} of {summary.response}",
        f"{summary.cells:,} cells, {summary.drugs:,} drugs, {summary.size_bytes / 1e6:,.1f} MB",
        f"id {summary.release_id}",
    ):
        if line:
            console.print(Text(line))
    for study in summary.studies:
        if study.description:
            console.print(Text(f"{study.name}: {study.description}"))
    print_sheets(console, summary.sheets())


def _print_report(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    console = Console(highlight=False)
    print_sheets(console, report.sheets())
    for note in report.all_notes():
        console.print(Text(f"Note: {note}"))
    console.print(Text(f"{report.name} {report.version} ({report.release_id[:12]}) stands in {report.folder}"))


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
