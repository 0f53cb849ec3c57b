"""A card as tables that a person reads: text, ready to be printed or put into a page."""

from collections.abc import Iterable, Mapping

import numpy as np

from benchmark_data.sheet import Sheet
from evaluator.baselines import Baseline
from evaluator.scorecard.card import WITHIN, Card, mean_of_splits
from evaluator.scorecard.compare import Comparison
from evaluator.scorecard.design import Entry
from evaluator.scorecard.points import By, FileScores
from evaluator.scorecard.uncertain import EntryKey, Uncertain
from evaluator.scoring.intervals import Interval
from evaluator.scoring.matrices import NORMALISED, GMatrices
from evaluator.scoring.metrics import Metric
from evaluator.scoring.number import Number

BEATS = {True: "yes", False: "no", None: "cannot tell"}
NARROW = "* over fewer than 60 drugs: the interval is too narrow"


def card_sheets(card: Card) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    for arm in card.files:
        sheets += _arm_sheets(card, arm)
    if card.uncertain is not None:
        sheets += _uncertain_sheets(card.uncertain)
    if card.ceilings:
        sheets.append(_ceilings(card))
    return tuple(sheets)


def comparison_sheets(comparison: Comparison, *, metric: Metric) -> tuple[Sheet, ...]:
    ranks = tuple(
        (
            one.model,
            _number(one.estimate),
            f"{one.first} to {one.last}" if one.last > one.first else str(one.first),
            "none" if one.tie_group is None else str(one.tie_group),
        )
        for one in comparison.standings
    )
    sheets = [Sheet("Ranks by mean skill over mean effects", ("model", "score", "rank", "tie group"), ranks)]
    for pair, interval in comparison.primary.items():
        rows = [("mean skill over mean effects", "", _interval(interval), _verdict(interval, pair))]
        higher = metric in NORMALISED
        for key, one in comparison.entries[pair].items():
            rows.append((*key, _interval(one), _verdict(one, pair, higher_is_better=higher)))
        title = f"{pair[0]} minus {pair[1]}: the score, and {metric} entry by entry"
        sheets.append(Sheet(title, ("source", "target", "difference, 95% interval", "better"), tuple(rows)))
    return tuple(sheets)


def _verdict(interval: Interval, pair: tuple[str, str], *, higher_is_better: bool = True) -> str:
    if not interval.excludes_zero:
        return "cannot tell"
    return pair[0] if (interval.estimate.value > 0) == higher_is_better else pair[1]


def _arm_sheets(card: Card, arm: str) -> list[Sheet]:
    within = {name: made for name, made in card.matrices[arm].items() if name.startswith(WITHIN)}
    over_rows = {name: made for name, made in card.matrices[arm].items() if name not in within}
    sheets = [_matrix_sheet(card, arm, metric, made) for metric, made in over_rows.items()]
    if within:
        sheets.append(_within_sheet(card, arm, within))
        sheets.append(_strata_sheet(card, arm))
        if any(one.parts for one in card.breakdowns[By.MECHANISM].values()):
            sheets.append(_mechanism_sheet(card, arm))
    return sheets


def _matrix_sheet(card: Card, arm: str, metric: str, made: GMatrices) -> Sheet:
    """G with its interval where there is one, else with its spread over splits."""
    known = {str(one): one for one in Metric}
    intervals = card.uncertain.matrices[arm].get(known[metric]) if card.uncertain else None
    normalised = metric in NORMALISED
    rows = []
    for s, source in enumerate(made.order):
        cells = [source]
        for t, target in enumerate(made.order):
            sure = intervals.g.get((source, target)) if intervals else None
            cells.append(f"{_text(made.g[s, t])} {_span(sure) if sure else _spread(made.spread[s, t])}")
        mean = intervals.ga.get(source) if intervals else None
        cells.append(f"{_text(made.ga[s])} {_span(mean)}" if mean else _text(made.ga[s]))
        if normalised:
            cells.append(_text(made.gna[s]))
        rows.append(tuple(cells))
    columns = ("source", *made.order, "Ga", *(("Gna",) if normalised else ()))
    what = "95% interval" if intervals else "± spread over splits"
    undefined = {f"{key.partition('[')[0]}: {why}" for key, why in made.reasons.items()}
    notes = sorted(note for note in undefined if normalised or not note.startswith("Gn"))
    if intervals and any(one.too_narrow for one in intervals.g.values()):
        notes = [NARROW, *notes]
    title = f"{arm}: {metric} from source (row) to target (column), {what}"
    return Sheet(title, columns, tuple(rows), "; ".join(notes))


def _within_sheet(card: Card, arm: str, within: Mapping[str, GMatrices]) -> Sheet:
    def row(entry: EntryKey) -> tuple[str, ...]:
        files = _splits_of(card, arm, entry)
        counts = sorted({one.within_drug[Metric.PEARSON].n_groups for one in files})
        means = [
            _number(mean_of_splits((one.within_drug[metric].average for one in files), expected=len(card.splits)))
            for metric in Metric
        ]
        return (*entry, "–".join(map(str, dict.fromkeys((counts[0], counts[-1])))), *means)

    rows = tuple(row(entry) for entry in _entries(card, arm))
    reasons = sorted({why for made in within.values() for key, why in made.reasons.items() if key.startswith("G[")})
    columns = ("source", "target", "drugs that count", *Metric)
    return Sheet(f"{arm}: within drug, averaged over drugs", columns, rows, "; ".join(reasons))


def _strata_sheet(card: Card, arm: str) -> Sheet:
    rows = tuple(
        (*entry, part, n_rows, *scores) for entry, part, _, n_rows, scores in _part_rows(card, arm, By.STRATUM)
    )
    title = f"{arm}: rows whose cell, drug or pair the model was trained on, and others"
    return Sheet(title, ("source", "target", "stratum", "rows in all splits", "r2", "rmse", "pearson"), rows)


def _mechanism_sheet(card: Card, arm: str) -> Sheet:
    found = _part_rows(card, arm, By.MECHANISM)
    rows = tuple((*entry, part, n_drugs, n_rows, *scores) for entry, part, n_drugs, n_rows, scores in found)
    title = f"{arm}: by mechanism of action"
    return Sheet(title, ("source", "target", "mechanism", "drugs", "rows in all splits", "r2", "rmse", "pearson"), rows)


def _part_rows(card: Card, arm: str, by: By) -> Iterable[tuple[EntryKey, str, str, str, list[str]]]:
    """Entry, part, its drugs, its rows, and its scores."""
    for entry, found in card.breakdowns[by].items():
        if arm in found.columns:
            columns = [found.columns[arm][metric] for metric in (Metric.R2, Metric.RMSE, Metric.PEARSON)]
            for i, part in enumerate(found.parts):
                scores = [_number(column.number(i)) for column in columns]
                yield entry, part, str(found.n_drugs[i]), f"{found.n_rows[i]:,}", scores


def _uncertain_sheets(uncertain: Uncertain) -> list[Sheet]:
    sheets = []
    if uncertain.skills:
        rows = tuple(
            (
                *key,
                *(_interval(skills.over[baseline]) for baseline in Baseline),
                _interval(skills.seen_drugs),
                BEATS[skills.beats_baselines],
            )
            for key, skills in uncertain.skills.items()
        )
        columns = ("source", "target", *Baseline, "drug_mean, trained drugs", "beats all")
        primary = f"mean of the skill over mean effects: {_interval(uncertain.primary)}" if uncertain.primary else ""
        sheets.append(Sheet("Skill over each baseline, 95% interval", columns, rows, primary))
    if uncertain.gap:
        keys = next(iter(uncertain.gap.values()))
        rows = tuple((*key, *(_interval(gaps[key]) for gaps in uncertain.gap.values())) for key in keys)
        sheets.append(Sheet("Gap to the same model with permuted labels", ("source", "target", *uncertain.gap), rows))
    if uncertain.alarm is not None:
        rows = tuple(
            (*key, _number(test.correlation), _number(test.p_holm), "raised" if test.raised else "silent")
            for key, test in uncertain.alarm.entries.items()
        )
        columns = ("source", "target", "correlation after shuffling", "p (Holm)", "alarm")
        verdict = "raised" if uncertain.alarm.raised else "silent, which proves nothing"
        sheets.append(Sheet("Memory alarm", columns, rows, verdict))
    return sheets


def _ceilings(card: Card) -> Sheet:
    rows = tuple(
        (target, _number(one.r2), str(one.drugs), f"{one.repeated_pairs:,}") for target, one in card.ceilings.items()
    )
    reasons = sorted({one.r2.reason for one in card.ceilings.values() if one.r2.reason})
    return Sheet("Noise ceiling of R²", ("target", "r2", "drugs", "repeated pairs"), rows, "; ".join(reasons))


def _entries(card: Card, arm: str) -> list[EntryKey]:
    return list(dict.fromkeys((entry.source, entry.target) for entry in card.files[arm]))


def _splits_of(card: Card, arm: str, key: EntryKey) -> list[FileScores]:
    entries: Iterable[Entry] = (Entry(key[0], split, key[1]) for split in card.splits)
    return [card.files[arm][entry] for entry in entries if entry in card.files[arm]]


def _text(value: float) -> str:
    return "n/a" if np.isnan(value) else f"{value:.4f}"


def _number(number: Number) -> str:
    return _text(number.value)


def _interval(interval: Interval) -> str:
    return f"{_number(interval.estimate)} {_span(interval)}"


def _span(interval: Interval) -> str:
    if not interval.low.is_defined:
        return "[n/a]"
    return f"[{interval.low.value:.3f}, {interval.high.value:.3f}]{'*' if interval.too_narrow else ''}"


def _spread(value: float) -> str:
    return "" if np.isnan(value) else f"± {value:.4f}"
