"""`holdout matrices`: G, its spread, Gn, Ga and Gna of every model in a long table of scores."""

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluator.cli.printing import print_json
from evaluator.contract.score_table import ScoreTable, read_score_tables
from evaluator.scorecard.plain import plain_matrices
from evaluator.scoring.matrices import NORMALISED, GMatrices, g_matrices
from evaluator.scoring.ranks import Floats

EXAMPLE = "Example: holdout matrices --scores scores.csv --metric r2 --json"

Scores = Annotated[
    Path,
    typer.Option(
        "--scores", help="A CSV with the columns met, split, value, src, trg and model.", exists=True, dir_okay=False
    ),
]


def matrices_command(
    scores: Scores,
    metric: Annotated[str, typer.Option(help="A metric of the table, by its name there.")] = "r2",
    exact: Annotated[bool, typer.Option("--exact", help="Do not round G to 4 decimals first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show G, its spread, Gn, Ga and Gna of every model in a long table of scores.

    Rows are sources and columns targets, in the order in which the table first names the studies.

    An entry is undefined where it lacks a split that another entry of the metric has.
    """
    tables = read_score_tables(scores)
    if metric not in tables:
        raise typer.BadParameter(f"the table has no {metric!r}; it has {', '.join(tables)}.", param_hint="--metric")
    found = {model: _matrices(tables[metric], model, metric=metric, exact=exact) for model in tables[metric].scores}
    if as_json:
        print_json({model: plain_matrices(of) for model, of in found.items()})
        return
    console = Console(highlight=False)
    for model, of in found.items():
        _print(console, of, model=model, metric=metric)


def _matrices(table: ScoreTable, model: str, *, metric: str, exact: bool) -> GMatrices:
    order, splits = tuple(table.studies), sorted(table.splits)
    return g_matrices(table.scores[model], order=order, splits=splits, metric=metric, exact=exact)


def _print(console: Console, of: GMatrices, *, model: str, metric: str) -> None:
    title = f"{model}, {metric}:"
    g = [
        [f"{_text(mean)}\n± {_text(std)}" for mean, std in zip(means, stds, strict=True)]
        for means, stds in zip(of.g, of.spread, strict=True)
    ]
    gn = [[_text(number) for number in row] for row in of.gn]
    console.print(_table(of, f"{title} G ± spread, and Ga", "Ga", g, of.ga))
    reasons = of.reasons
    if metric in NORMALISED:
        console.print(_table(of, f"{title} Gn and Gna", "Gna", gn, of.gna))
    else:
        console.print(Text(f"{title} no Gn and Gna, since a ratio of {metric} means nothing"))
        reasons = {entry: reason for entry, reason in reasons.items() if not entry.startswith("Gn")}
    for entry, reason in reasons.items():
        console.print(Text(f"{entry} is n/a: {reason}"))


def _table(of: GMatrices, title: str, mean: str, cells: list[list[str]], means: Floats) -> Table:
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("source")
    for name in (*of.order, mean):
        table.add_column(Text(name), justify="right")
    for source, row, last in zip(of.order, cells, means, strict=True):
        table.add_row(Text(source), *row, _text(last))
    return table


def _text(number: float) -> str:
    return "n/a" if math.isnan(number) else f"{number:.4f}"
