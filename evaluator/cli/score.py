"""`holdout score`: everything that can be said about one model's predictions."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.cli.printing import print_json, print_sheets, progress_bar
from evaluator.scorecard.card import REPLICATES, SEED, score_card
from evaluator.scorecard.design import whole_design
from evaluator.scorecard.files import PredictionFolder
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.sheets import card_sheets
from evaluator.scoring.metrics import Metric

EXAMPLE = "Example: holdout score --release releases/tiny --predictions my-model --arm real --arm intradrug"

Folder = Annotated[Path, typer.Option("--release", metavar="DIR", exists=True, file_okay=False, help="A release.")]
Predictions = Annotated[
    Path,
    typer.Option(
        "--predictions",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="DIR/<arm>/<source>/<split>/<target>.csv, .parquet or .npy.",
    ),
]


def score_command(
    release: Folder,
    predictions: Predictions,
    arm: Annotated[list[str] | None, typer.Option(help="An arm to score; by default all that have a folder.")] = None,
    scheme: Annotated[Scheme, typer.Option(help="The split scheme.")] = Scheme.RANDOM_ROWS,
    splits: Annotated[int | None, typer.Option(min=1, help="Score the first so many splits; by default all.")] = None,
    metric: Annotated[
        list[Metric] | None, typer.Option(help="A metric that gets intervals; by default r2 and rmse.")
    ] = None,
    replicates: Annotated[int, typer.Option(min=0, help="Of the bootstrap; 0 for no intervals.")] = REPLICATES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = SEED,
    exact: Annotated[bool, typer.Option("--exact", help="Do not round G to 4 decimals first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Score one model's predictions: G and its kin, within drug, strata, mechanisms, skill, gap, alarm, how sure."""
    design = whole_design(Release.open(release), scheme=scheme, splits=tuple(range(splits)) if splits else None)
    folder = PredictionFolder(predictions)
    arms = _arms(arm) or folder.arms()
    if not arms:
        raise typer.BadParameter("there is no folder of an arm in it, such as real", param_hint="--predictions")
    with progress_bar(quiet=as_json) as progress:
        n_files, n_entries = len(design.entries()), len(design.sources) * len(design.targets)
        tasks = {"scores": progress.add_task("scores", total=n_files * len(arms))}
        if replicates:
            tasks["intervals"] = progress.add_task("intervals", total=n_entries)
        card = score_card(
            design,
            folder.reader(design),
            arms=arms,
            metrics=tuple(metric or (Metric.R2, Metric.RMSE)),
            seed=seed,
            replicates=replicates,
            exact=exact,
            each=lambda stage: progress.advance(tasks[stage]),
        )
    if as_json:
        print_json(plain_card(card))
    else:
        print_sheets(Console(highlight=False), card_sheets(card))
    if any(card.missing.values()):
        missing = ", ".join(f"{count} of {arm}" for arm, count in card.missing.items() if count)
        Console(stderr=True, highlight=False).print(f"missing files: {missing}; what needs them is n/a", markup=False)
        raise typer.Exit(1)


def _arms(names: list[str] | None) -> tuple[Arm, ...]:
    try:
        return tuple(Arm.parse(name) for name in names or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--arm") from None
