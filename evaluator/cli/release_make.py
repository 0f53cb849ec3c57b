"""`holdout release tiny` and `holdout release full-scale`: synthetic releases, for tests and for benchmarks."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from benchmark_data.csa_export import Layout, export_csa
from benchmark_data.errors import ReleaseError
from benchmark_data.release import Release
from benchmark_data.synthetic import to_seal_beside, write_full_scale, write_tiny
from evaluator.cli.printing import print_json, tracked

TINY_EXAMPLE = "Example: holdout release tiny releases/tiny"
FULL_SCALE_EXAMPLE = "Example: holdout release full-scale releases/full --as-csa"

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make; it must not be there yet.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def tiny_command(out: Out, as_json: AsJson = False) -> None:
    """Write the small synthetic release, the same bytes every time, and beside it a study to seal."""
    with tracked(quiet=as_json) as track:
        release_id = write_tiny(out, track=track)
    to_seal = to_seal_beside(out)
    _say(
        {"release": str(out), "id": release_id, "to_seal": str(to_seal)},
        f"{out} is the tiny release ({release_id[:12]}).\n"
        f"{to_seal} is a study to seal with `holdout seal`, its answers in the clear: keep it out of what you publish.",
        as_json=as_json,
    )


def full_scale_command(
    out: Out,
    as_csa: Annotated[
        bool, typer.Option("--as-csa", help="Write the same data also as IMPROVE's TSV tree, to OUT-csa.")
    ] = False,
    layout: Annotated[
        Layout, typer.Option("--csa-layout", help="The header rows of the tree: those that this improvelib reads.")
    ] = Layout.MANY_HEADERS,
    as_json: AsJson = False,
) -> None:
    """Write a synthetic release of IMPROVE's published sizes, for benchmarks: 587,709 rows, 30,805 genes, 150 MB."""
    tree = out.with_name(f"{out.name}-csa")
    if as_csa and tree.exists():
        raise ReleaseError(f"{tree} is there already: the csa_data tree is written to it; move it away first")
    with tracked(quiet=as_json) as track:
        release_id = write_full_scale(out, track=track)
        if as_csa:
            export_csa(Release.open(out), tree, layout=layout, track=track)
    answer = {"release": str(out), "id": release_id} | ({"csa": str(tree)} if as_csa else {})
    text = f"{out} is the full-scale release ({release_id[:12]}): synthetic, under the names of the published studies."
    _say(answer, text + (f"\n{tree} is the same data as IMPROVE's csa_data tree." if as_csa else ""), as_json=as_json)


def _say(answer: dict[str, str], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        Console(highlight=False, soft_wrap=True).print(Text(text))
