"""Runs in the container of an IMPROVE model, in place of an entry point: calls its scripts and joins what they predict.

Mounted as one file and run by whatever Python the image has: Python 3.7, the standard library, nothing of ours.
"""

from __future__ import annotations

import argparse
import csv
import math
import subprocess
import sys
from pathlib import Path

INSIDE = "/holdout/.improve.py"
SPLIT_FILE = "study_split_0_{}.txt"
CELL, DRUG = "improve_sample_id", "improve_chem_id"
PREDICTED, OWN = "test_y_data_predicted.csv", "test_y_data.csv"
IMAGE_REFUSED, OUTPUT_REFUSED = 64, 65  # exit codes whose last line of log is the reason
APART = 1.5e-4  # improvelib rounds to 4 places: equal predictions, computed in two batches, can be rounded apart


class Refused(Exception):  # noqa: N818  an answer, not an accident
    """The model broke the contract: an exit code and one sentence."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Table:
    """A CSV file of a model's: columns by name, rows counted from 1 as they are told to its author."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            try:
                self.header, *self.rows = list(csv.reader(file))
            except (ValueError, csv.Error):
                raise self.refused("it is no CSV file with a header") from None
        for row, cells in enumerate(self.rows, 1):
            if len(cells) != len(self.header):
                raise self.refused(f"it has {len(cells)} cells, and the header {len(self.header)}", row)

    def refused(self, reason: str, row: int | None = None) -> Refused:
        place = self.name if row is None else f"{self.name}, row {row}"
        return Refused(OUTPUT_REFUSED, f"{place}: {reason}")

    def column(self, name: str) -> list[str]:
        if self.header.count(name) != 1:
            raise self.refused(f"it has the column {name} {self.header.count(name)} times, once is right")
        place = self.header.index(name)
        return [cells[place] for cells in self.rows]

    def numbers(self, name: str) -> list[float]:
        return [self._number(text, row) for row, text in enumerate(self.column(name), 1)]

    def pairs(self) -> list[tuple[str, str]] | None:
        """Cell and drug of each row; None where the table does not have both."""
        if CELL not in self.header or DRUG not in self.header:
            return None
        return list(zip(self.column(CELL), self.column(DRUG)))  # noqa: B905  `strict` is of Python 3.10

    def _number(self, text: str, row: int) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.refused(f"{text[:40]!r} is not a finite number", row)
        return number


def joined(folder: Path, ml: Path, asked: list[tuple[str, str]], *, y_col_name: str) -> list[float]:
    """A prediction for each pair asked for, in that order: by the ids beside it, else by those of the model's own
    test_y_data.csv, never by the order of ours. A repeated pair has one prediction, however often it is there."""
    if not (folder / PREDICTED).is_file():
        raise Refused(OUTPUT_REFUSED, f"infer left no {PREDICTED} in its output_dir")
    table = Table(folder / PREDICTED)
    values = table.numbers(f"{y_col_name}_pred")
    found = _by_pair(table, _pairs(table, ml / OWN), values, set(asked))
    missing = [pair for pair in asked if pair not in found]
    if missing:
        counted = f"{len(missing)} of the {len(asked)} rows asked for have no prediction"
        raise table.refused(f"{counted}, the pair {_shown(missing[0])} first")
    return [found[pair] for pair in asked]


def _pairs(table: Table, own: Path) -> list[tuple[str, str]]:
    pairs = table.pairs()
    if pairs is not None:
        return pairs
    pairs = Table(own).pairs() if own.is_file() else None
    if pairs is None:
        raise table.refused(f"it has no {CELL} and {DRUG}, and preprocess left no {OWN} that has them")
    if len(pairs) != len(table.rows):
        raise table.refused(f"it has {len(table.rows)} rows and no ids, and preprocess left {len(pairs)} in {OWN}")
    return pairs


def _by_pair(
    table: Table, pairs: list[tuple[str, str]], values: list[float], asked: set[tuple[str, str]]
) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for row, pair in enumerate(pairs, 1):
        value = values[row - 1]
        if pair not in asked:
            raise table.refused(f"the pair {_shown(pair)} was not asked for", row)
        if abs(found.setdefault(pair, value) - value) > APART:
            reason = f"{value} for the pair {_shown(pair)}, and {found[pair]} in an earlier row: they must agree"
            raise table.refused(reason, row)
    return found


def _shown(pair: tuple[str, str]) -> str:
    return f"({pair[0][:40]!r}, {pair[1][:40]!r})"


def pairs_asked(tree: Path) -> list[tuple[str, str]]:
    """The pairs of the test part, in the order of its file."""
    test = [int(line) for line in (tree / "splits" / SPLIT_FILE.format("test")).read_text().split()]
    wanted = set(test)
    with (tree / "y_data/response.tsv").open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(reader)
        cell, drug = header.index(CELL), header.index(DRUG)
        pairs = {row: (cells[cell], cells[drug]) for row, cells in enumerate(reader) if row in wanted}
    return [pairs[row] for row in test]


def call(model: str, stage: str, *arguments: object) -> None:
    script = f"{model}_{stage}_improve.py"
    if not Path(script).is_file():
        place = f"the image's working directory, {Path.cwd()}"
        raise Refused(IMAGE_REFUSED, f"there is no {script} in {place}: set WORKDIR to where the three scripts are")
    sys.stdout.flush()
    code = subprocess.call([sys.executable, script, *map(str, arguments)])
    if code:
        raise Refused(1, f"{script} ended with exit code {code}")


def main(arguments: list[str], root: Path) -> None:
    asked = _parsed(arguments)
    tree, model, out = root / "csa_data", root / "model", root / "out"
    ml, y_col = out / "ml_data", ("--y_col_name", asked.y_col_name)
    splits = [word for part in ("train", "val", "test") for word in (f"--{part}_split_file", SPLIT_FILE.format(part))]
    call(asked.model, "preprocess", *splits, "--input_dir", tree, "--output_dir", ml, *y_col)
    if asked.stage == "train":
        call(asked.model, "train", "--input_dir", ml, "--output_dir", model, *y_col, *asked.train_options)
        return
    predicted = out / "predicted"
    folders = ("--input_data_dir", ml, "--input_model_dir", model, "--output_dir", predicted)
    call(asked.model, "infer", *folders, *y_col, "--calc_infer_scores", "false")
    predictions = joined(predicted, ml, pairs_asked(tree), y_col_name=asked.y_col_name)
    lines = [f"{row},{value!r}\n" for row, value in enumerate(predictions)]
    (out / "predictions.csv").write_text("row_id,prediction\n" + "".join(lines))


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("model", "y_col_name", "train_options"):
        parser.add_argument(f"--{name}")
    parser.add_argument("stage", choices=("train", "infer"))
    asked = parser.parse_args(arguments)
    asked.train_options = asked.train_options.split()
    return asked


if __name__ == "__main__":
    try:
        main(sys.argv[1:], Path("/holdout"))
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(refused.code)
