"""Everything that the page of a model says, as plain tables: the same rows for JSON and CSV.

A cell is text, a whole number, a float or None; why one is None stands in the last column of its row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.models import Track
from leaderboard.reads.baselines import baseline_intervals
from leaderboard.reads.sheets import Card, all_scores, drug_names

REAL, PERMUTED = "real", "intradrug"
BOUNDS = ("estimate", "low", "high")
UNDEFINED = "undefined"
ENTRY = ("source", "target")
PART = ("n_rows", "n_splits", "n_drugs")
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` end with UNDEFINED."""

    columns: tuple[str, ...]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores that tables are made of, and the track that they were made on."""

    card: Card
    track: Track


def score_table(name: str, of: Scored) -> Table:
    """KeyError for a name that is not in TABLES."""
    return TABLES[name](of)


def _matrices(of: Scored) -> Table:
    def rows() -> Iterator[Row]:
        for arm, by_metric in of.card.card.get("matrices", {}).items():
            for metric, made in by_metric.items():
                known = _matrix_intervals(of.card.card, arm, metric)
                for matrix in ("G", "Gn", "Ga", "Gna"):
                    for source, target, number in _entries(made, matrix):
                        key = f"{matrix}[{source},{target}]" if target else f"{matrix}[{source}]"
                        why = "" if number is not None else made["undefined"].get(key) or "not computed"
                        _, low, high, _ = _bounds(known.get(key))
                        yield arm, metric, matrix, source, target, number, low, high, why

    return Table(("labels", "metric", "matrix", *ENTRY, "value", "low", "high", UNDEFINED), rows())


def _skill(of: Scored) -> Table:
    def rows() -> Iterator[Row]:
        for entry in _uncertain(of).get("skill", ()):
            where = (entry["source"], entry["target"])
            for baseline, interval in entry["over"].items():
                yield (*where, baseline, "all", *_bounds(interval))
            yield (*where, "drug_mean", "trained on", *_bounds(entry["over_drug_mean_on_trained_drugs"]))
            yield (*where, "drug_mean", "others", *_bounds(entry["over_drug_mean_on_other_drugs"]))

    return Table((*ENTRY, "over", "drugs", *BOUNDS, UNDEFINED), rows())


def _gap(of: Scored) -> Table:
    rows = (
        (metric, entry["source"], entry["target"], *_bounds(entry))
        for metric, entries in _uncertain(of).get("gap", {}).items()
        for entry in entries
    )
    return Table(("metric", *ENTRY, *BOUNDS, UNDEFINED), rows)


def _alarm(of: Scored) -> Table:
    numbers = ("correlation", "t", "p", "p_holm")
    rows = (
        (
            *(entry[name] for name in ENTRY),
            *(_number(entry[name]) for name in numbers),
            entry["raised"],
            next((why for name in numbers if (why := _why(entry[name]))), ""),
        )
        for entry in (_uncertain(of).get("memory_alarm") or {"entries": ()})["entries"]
    )
    return Table((*ENTRY, *numbers, "raised", UNDEFINED), rows)


def _targets(of: Scored) -> Table:
    """Means over sources: of the model, its permuted self and the baselines."""

    def rows() -> Iterator[Row]:
        matrices, targets = _uncertain(of).get("matrices", {}), of.card.card["targets"]
        own, baselines = of.card.summary.get("intervals", {}), baseline_intervals(of.track)
        for metric in of.card.card.get("matrices", {}).get(REAL, {}):
            permuted = matrices.get(PERMUTED, {}).get(metric, {}).get("columns", {})
            for target in targets:
                view = f"{metric}/{target}"
                found = {"model": own.get(view), "permuted self": permuted.get(target)}
                found |= {name: intervals.get(view) for name, intervals in baselines.items()}
                yield from ((metric, target, who, *_bounds(one)) for who, one in found.items() if one is not None)

    return Table(("metric", "target", "of", *BOUNDS, UNDEFINED), rows())


def _strata(of: Scored) -> Table:
    entries = of.card.card.get("breakdowns", {}).get("stratum", ())
    return _parts("stratum", [(one["source"], one["target"], one) for one in entries], of)


def _mechanisms(of: Scored) -> Table:
    return _parts("mechanism", all_scores(of.card.evaluation, "mechanism"), of)


def _drugs(of: Scored) -> Table:
    names = drug_names(of.track.release_id)
    made = _parts("drug", all_scores(of.card.evaluation, "drug"), of)
    at = len(ENTRY) + 1

    def rows() -> Iterator[Row]:
        for row in made.rows:
            name, mechanisms = names.get(row[at - 1], (row[at - 1], ()))
            yield (*row[:at], name, "; ".join(mechanisms), *row[at:])

    return Table((*made.columns[:at], "name", "mechanisms", *made.columns[at:]), rows())


def _seeds(of: Scored) -> Table:
    rows = ((*run, "") for run in of.card.record.runs)
    return Table(("labels", "source", "split", "seed", UNDEFINED), rows)


TABLES: dict[str, Callable[[Scored], Table]] = {
    "matrices": _matrices,
    "skill": _skill,
    "gap": _gap,
    "alarm": _alarm,
    "targets": _targets,
    "strata": _strata,
    "mechanisms": _mechanisms,
    "drugs": _drugs,
    "seeds": _seeds,
}


def _parts(by: str, entries: Iterable[tuple[str, str, Mapping[str, Any]]], of: Scored) -> Table:
    """A column for each arm and metric, the same for every entry; one that an entry lacks is empty there."""
    asked = [(arm, metric) for arm, made in of.card.card.get("matrices", {}).items() for metric in made]
    asked = [(arm, metric) for arm, metric in asked if " " not in metric] + [("drug_mean", "rmse")]

    def rows() -> Iterator[Row]:
        for source, target, scores in entries:
            columns = [scores["columns"].get(arm, {}).get(metric) for arm, metric in asked]
            why = [_places(column) for column in columns]
            for i, part in enumerate(scores["parts"]):
                counts = (scores[name][i] for name in PART)
                numbers = (column["values"][i] if column else None for column in columns)
                reasons = [f"{a}_{m}: {known[i]}" for (a, m), known in zip(asked, why, strict=True) if i in known]
                yield (source, target, part, *counts, *numbers, "; ".join(reasons))

    return Table((*ENTRY, by, *PART, *(f"{arm}_{metric}" for arm, metric in asked), UNDEFINED), rows())


def _places(column: Mapping[str, Any] | None) -> dict[int, str]:
    said = (column or {}).get("undefined", {})
    return {place: why for why, places in said.items() for place in places}


def _entries(made: Mapping[str, Any], matrix: str) -> Iterator[tuple[str, str, float | None]]:
    for source, row in zip(made["order"], made.get(matrix) or (), strict=False):
        if isinstance(row, list):
            yield from ((source, target, number) for target, number in zip(made["order"], row, strict=True))
        else:
            yield source, "", row


def _matrix_intervals(card: Mapping[str, Any], arm: str, metric: str) -> dict[str, Mapping[str, Any]]:
    found = ((card.get("uncertainty") or {}).get("matrices", {})).get(arm, {}).get(metric, {})
    entries = {f"{name}[{e['source']},{e['target']}]": e for name in ("G", "Gn") for e in found.get(name, ())}
    return entries | {f"{name}[{s}]": e for name in ("Ga", "Gna") for s, e in found.get(name, {}).items()}


def _uncertain(of: Scored) -> Mapping[str, Any]:
    return of.card.card.get("uncertainty") or {}


def _bounds(interval: Mapping[str, Any] | None) -> tuple[float | None, float | None, float | None, str]:
    """Estimate, low, high, and why one of them is undefined."""
    if interval is None:
        return None, None, None, "not computed"
    numbers = [interval[name] for name in BOUNDS]
    estimate, low, high = map(_number, numbers)
    return estimate, low, high, next((why for number in numbers if (why := _why(number))), "")


def _number(number: Any) -> float | None:
    return float(number) if isinstance(number, int | float) else None


def _why(number: Any) -> str:
    return str(number.get("undefined") or "undefined") if isinstance(number, Mapping) else ""
