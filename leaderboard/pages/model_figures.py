"""The figures of a model's page: beside baselines and its permuted self, drug by drug, and over its versions."""

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.drawing import Drawing, Estimate, Mark, Panel, Sample, distributions, intervals, multiples
from leaderboard.pages.figures import LOWER_IS_BETTER, metric_name, value
from leaderboard.pages.model_parts import Row, reasons
from leaderboard.reads.models import Version

PERMUTED = "intradrug"
NOT_COMPUTED = {name: {"undefined": "not computed"} for name in ("estimate", "low", "high")}
MARKS = {
    "Mean effects": Mark.SQUARE,
    "Drug average": Mark.DIAMOND,
    "Cell average": Mark.TRIANGLE,
    "Global mean": Mark.CROSS,
}


def against(
    card: Mapping[str, Any],
    summary: Mapping[str, Any],
    baselines: Mapping[str, Mapping[str, Any]],
    *,
    model: str,
    metric: str,
) -> Drawing | None:
    """A panel for each target, every mark the mean over sources; None where the model has no intervals."""
    own = summary.get("intervals", {})
    if not any(f"{metric}/{target}" in own for target in card["targets"]):
        return None
    permuted = ((card.get("uncertainty") or {}).get("matrices", {}).get(PERMUTED, {}).get(metric, {})).get("columns")
    panels = []
    for target in card["targets"]:
        view = f"{metric}/{target}"
        rows = [Estimate.of(model, own.get(view, NOT_COMPUTED))]
        if permuted is not None:
            rows.append(Estimate.of("its permuted self", permuted.get(target, NOT_COMPUTED), mark=Mark.RING))
        rows += [
            Estimate.of(name, baselines[name].get(view, NOT_COMPUTED), mark=mark)
            for name, mark in MARKS.items()
            if name in baselines
        ]
        panels.append(Panel(target, rows))
    name = metric_name(metric)
    return multiples(
        panels,
        name="against",
        title=f"{name} by target, beside baselines and itself trained on shuffled labels",
        desc="The mean over sources, with 95% intervals.",
        axis=f"{name}, {'lower' if metric in LOWER_IS_BETTER else 'higher'} is better",
        zero=metric not in LOWER_IS_BETTER,
    )


def by_drug(rows: Sequence[Row], *, source: str, target: str) -> Drawing | None:
    """How the correlation within a drug is spread over drugs, with true and with shuffled labels."""
    if not rows:
        return None
    samples = [_sample("True labels", rows, "r")]
    if any(row.numbers.get("r_permuted") is not None for row in rows):
        samples.append(_sample("Shuffled labels", rows, "r_permuted"))
    return distributions(
        samples,
        name="by-drug",
        title=f"Correlation within a drug, {source} to {target}",
        desc=f"One value a drug, of {len(rows)}.",
        axis="correlation of prediction and answer over the cells of one drug",
        zero=True,
    )


def over_versions(versions: Sequence[Version]) -> Drawing | None:
    """Oldest first; None where there is nothing to compare."""
    rows = [Estimate.of(f"Version {one.number}", one.primary) for one in reversed(versions) if one.primary]
    if len(rows) < 2:
        return None
    return intervals(
        rows,
        name="over-versions",
        title="Skill over mean effects by version",
        desc="With 95% intervals.",
        axis="skill over mean effects, higher is better",
    )


def _sample(label: str, rows: Sequence[Row], key: str) -> Sample:
    numbers = [value(row.numbers[key]) for row in rows]
    defined = [number for number in numbers if number is not None]
    why = next(iter(reasons(rows, key)), "")
    return Sample(label, defined, n_undefined=len(numbers) - len(defined), why=why)
