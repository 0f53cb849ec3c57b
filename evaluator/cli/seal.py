"""`holdout seal`: closes a curator's hidden study for the scorer, and says what is in a bundle, by counts alone."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from benchmark_data.release import Release
from benchmark_data.sealed_tar import opened
from benchmark_data.sheet import Sheet, count
from benchmark_data.study_facts import StudyFacts
from benchmark_data.study_spec import read_study_spec
from evaluator.cli.printing import print_json, print_sheets, tracked
from evaluator.sealing import keys
from evaluator.sealing.report import sheets
from evaluator.sealing.seal import SealedNow, rehearse, seal_study


class _SealGroup(TyperGroup):
    """`holdout seal SPEC OUT` without a word between; `check` and `info` are the words that are no SPEC."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer has a click of its own in some versions
        return super().resolve_command(ctx, args if args[0] in self.commands else ["study", *args])


app = typer.Typer(
    cls=_SealGroup,
    no_args_is_help=True,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help="Seal a hidden study to the scorer's key: holdout seal SPEC OUT --release DIR --to sealing.pub",
    epilog="Example: holdout seal spec.toml sealed/ --release releases/tiny --to sealing.pub",
)
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Spec = Annotated[Path, typer.Argument(metavar="SPEC", help="A TOML file, as docs/curators.md describes.", exists=True)]
ReleaseFolder = Annotated[
    Path, typer.Option("--release", help="The release that the study refers to.", exists=True, file_okay=False)
]
From = Annotated[
    Path | None, typer.Option("--from", help="The folder that the spec's files are in; without it, the spec's own.")
]


@app.command("study", epilog="Example: holdout seal spec.toml sealed/ --release releases/tiny --to sealing.pub")
def study_command(
    spec: Spec,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; it must not be there yet.")],
    release: ReleaseFolder,
    to: Annotated[Path, typer.Option("--to", help="The scorer's public key: sealing.pub.", exists=True)],
    folder: From = None,
    as_json: AsJson = False,
) -> None:
    """Check a study, encrypt its answers to the scorer's key, and write the bundle and its archive (the default)."""
    public = keys.public_key(to)
    with tracked(quiet=as_json) as track:
        sealed = seal_study(
            read_study_spec(spec), folder or spec.parent, out, release=Release.open(release), public=public, track=track
        )
    if as_json:
        print_json(_plain(sealed))
    else:
        _say(sealed)


@app.command("check", epilog="Example: holdout seal check spec.toml --release releases/tiny")
def check_command(spec: Spec, release: ReleaseFolder, folder: From = None, as_json: AsJson = False) -> None:
    """Show the validation report that a study will get, and write nothing. Exit code 1 where it must not go live."""
    with tracked(quiet=as_json) as track:
        found = rehearse(read_study_spec(spec), folder or spec.parent, release=Release.open(release), track=track)
    if as_json:
        print_json(found.plain())
    else:
        print_sheets(Console(highlight=False), sheets(found.plain()))
    if found.stops:
        raise typer.Exit(1)


@app.command("info", epilog="Example: holdout seal info sealed/SynthD-1.holdout-study.tar")
def info_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle's folder or archive.", exists=True)],
    as_json: AsJson = False,
) -> None:
    """Show what a bundle says of itself: counts, dates and fingerprints. Nobody needs a key for it."""
    with opened(bundle) as found:
        study_id, facts = found.study_id, found.facts
    if as_json:
        print_json({"study_id": study_id, **facts.plain()})
    else:
        print_sheets(Console(highlight=False), (study_sheet(study_id, facts),))


def study_sheet(study_id: str, facts: StudyFacts) -> Sheet:
    window = f"{facts.dose_low_m:g} to {facts.dose_high_m:g} mol/l" if facts.dose_low_m and facts.dose_high_m else ""
    lines = {
        "study": study_id,
        "commitment": facts.commitment,
        "sealed to key": facts.key_id,
        "release": f"{facts.release_name} ({facts.release_id[:16]})",
        "answers": f"{facts.response.column}, {facts.task}",
        "rows": count(facts.rows),
        "cells": f"{count(facts.cells)}, {count(facts.new_cells)} of them new",
        "drugs": f"{count(facts.drugs)}, {count(facts.new_drugs)} of them new",
        "features of new ones": ", ".join(f"{table.entity}/{table.name}" for table in facts.table) or "none",
        "without": ", ".join(facts.without),
        "producer": facts.producer,
        "measured": facts.measured_at.isoformat(),
        "readable outside": facts.readable_at.isoformat(),
        "doses": window,
        "curve fit": facts.curve_fit,
        "quality filter": facts.quality_filter,
        "licence": facts.licence,
        "description": facts.description,
    }
    rows = tuple((name, value) for name, value in lines.items() if value)
    return Sheet(f"{facts.name} {facts.version}", ("what", "as the bundle says"), rows)


def _say(sealed: SealedNow) -> None:
    console = Console(highlight=False, soft_wrap=True)
    print_sheets(Console(highlight=False), (study_sheet(sealed.study_id, sealed.facts),))
    repeated = sealed.facts.rows - sealed.pairs
    console.print(Text(f"{count(sealed.pairs)} pairs of cell and drug; {count(repeated)} rows measure one again."))
    if sealed.rows_without_answer:
        console.print(Text(f"Note: {count(sealed.rows_without_answer)} rows had no answer and are left out."))
    if sealed.equal_rows:
        copies = f"{count(sealed.equal_rows)} rows repeat another's pair and answer exactly: copies, or replicates?"
        console.print(Text(f"Note: {copies}"))
    console.print(Text(f"{sealed.tar} is what you upload. The answers in the clear stay where your spec reads them."))


def _plain(sealed: SealedNow) -> dict[str, Any]:
    return {
        "study_id": sealed.study_id,
        "folder": sealed.folder,
        "tar": sealed.tar,
        "pairs": sealed.pairs,
        "rows_without_answer": sealed.rows_without_answer,
        "equal_rows": sealed.equal_rows,
        **sealed.facts.plain(),
    }
