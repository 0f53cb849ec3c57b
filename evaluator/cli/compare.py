"""`holdout compare`: several models' predictions of one release, ranked as far as they can be told apart."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.cli.printing import print_json, print_sheets, progress_bar
from evaluator.scorecard.card import REPLICATES, SEED
from evaluator.scorecard.compare import compare
from evaluator.scorecard.design import whole_design
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.files import PredictionFolder
from evaluator.scorecard.plain import plain_comparison
from evaluator.scorecard.sheets import comparison_sheets
from evaluator.scoring.metrics import Metric

EXAMPLE = "Example: holdout compare mine/predictions theirs/predictions --release releases/tiny"


def compare_command(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", exists=True, file_okay=False, help="Folders as `holdout score` takes them."),
    ],
    release: Annotated[Path, typer.Option(metavar="DIR", exists=True, file_okay=False, help="A release.")],
    scheme: Annotated[Scheme, typer.Option(help="The split scheme.")] = Scheme.RANDOM_ROWS,
    splits: Annotated[int | None, typer.Option(min=1, help="The first so many splits; by default all.")] = None,
    metric: Annotated[Metric, typer.Option(help="Of the entries of G that are compared.")] = Metric.R2,
    replicates: Annotated[int, typer.Option(min=100, help="Of the bootstrap.")] = REPLICATES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Rank models on the same rows and weights: rank intervals, tie groups, and differences entry by entry of G."""
    if len(models) < 2:
        raise typer.BadParameter("give at least two models", param_hint="DIR...")
    design = whole_design(Release.open(release), scheme=scheme, splits=tuple(range(splits)) if splits else None)
    readers = {str(folder): PredictionFolder(folder).reader(design) for folder in models}
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("draws", total=len(readers) * len(design.sources) * len(design.targets))
        weights = Weights(design, seed, replicates)
        comparison = compare(weights, readers, metric=metric, each=lambda _: bar.advance(task))
    if as_json:
        print_json(plain_comparison(comparison))
    else:
        print_sheets(Console(highlight=False), comparison_sheets(comparison, metric=metric))
