"""All scores of one model at the published sizes with intervals of 1,000 replicates, beside improvelib's five numbers.

    python -m bench.intervals

250 files, 24 million predictions. Ours runs in a process of its own: five metrics of each file, then r2, rmse, mae and
pearson of each entry of G and Ga resampled by cell and by drug; and, apart, r2 and rmse of each entry resampled both
ways. improvelib has neither intervals nor, in its package, the step that reads the files and scores them: here its own
metrics are called on files that pandas reads. Five of the 250 files are timed, one a target, and taken fifty times.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics as sk

from evaluator.scoring.bootstrap import DRAWS, Resample, Way, mean_of, mean_over_splits, replicate
from evaluator.scoring.intervals import interval
from evaluator.scoring.metrics import Metric, row_scores
from evaluator.scoring.pair_sums import Pairs, error_values, file_values, truth_values
from evaluator.scoring.truth import Truth
from evaluator.scoring.weights import fold_weights, split_weights

# rows, cells and drugs in IMPROVE's benchmark
STUDIES = {
    "CTRPv2": (286_665, 720, 494),
    "GDSCv1": (171_940, 546, 294),
    "GDSCv2": (114_644, 470, 168),
    "CCLE": (9_519, 411, 24),
    "gCSI": (4_941, 312, 16),
}
CELL_IDS, DRUG_IDS = [f"ACH-{i:06d}" for i in range(785)], [f"Drug_{i}" for i in range(749)]
SPLITS, REPLICATES, SEED, THREADS = 10, 1000, 7, 2
ONE_WAY = ((Way.BY_CELL, Way.BY_DRUG), (Metric.R2, Metric.RMSE, Metric.MAE, Metric.PEARSON))
TWO_WAY = ((Way.TWO_WAY,), (Metric.R2, Metric.RMSE))
LIMITS_S, LIMIT_MB, AT_LEAST = {"one-way": 3, "two-way": 20}, 2000, 100


def make_files(folder: Path) -> None:
    """Answers, folds and predictions; R² is near .8 everywhere."""
    rng = np.random.default_rng(SEED)
    for target, (n, cells, drugs) in STUDIES.items():
        pair = rng.choice(cells * drugs, n, replace=n > cells * drugs)  # repeated pairs where there must be
        cell = rng.choice(len(CELL_IDS), cells, replace=False).astype(np.int32)[pair // drugs]
        drug = rng.choice(len(DRUG_IDS), drugs, replace=False).astype(np.int32)[pair % drugs]
        y = (0.8 + 0.12 * rng.normal(size=len(DRUG_IDS))[drug] + 0.08 * rng.normal(size=n)).round(4)
        fold = rng.permutation(n) % SPLITS
        np.savez(folder / f"{target}.npz", y=y, cell=cell, drug=drug, fold=fold)
        for source in STUDIES:
            for split in range(SPLITS):
                asked = y[fold == split] if source == target else y
                prediction = asked + 0.06 * rng.normal(size=len(asked))
                np.save(folder / f"{source}-{split}-{target}.npy", prediction.astype(np.float32))


@dataclass(frozen=True)
class Part:
    """The rows of a target, or of one test fold, with what all files that are scored on them share."""

    truth: Truth
    pairs: Pairs
    sides: dict[Way, Pairs]
    centre: float

    @classmethod
    def of(cls, y: np.ndarray, cell: np.ndarray, drug: np.ndarray, pairs: Pairs, *, centre: float) -> "Part":
        sides = {Way.TWO_WAY: pairs, Way.BY_CELL: pairs.by_cell(), Way.BY_DRUG: pairs.by_drug()}
        return cls(Truth.of(y, cell=cell, drug=drug, n_cells=785, n_drugs=749), pairs, sides, centre)

    def truth_tables(self, way: Way) -> np.ndarray:
        return self.sides[way].tables(truth_values(self.truth.y, centre=self.centre))

    def columns(self, prediction: np.ndarray, *, squared_error_alone: bool) -> list[np.ndarray | None]:
        if squared_error_alone:
            return error_values(self.truth.y, prediction)
        return file_values(self.truth.y, prediction, centre=self.centre)


Entries = dict[tuple[str, str, Way, Metric], np.ndarray]


def score_target(folder: Path, target: str, resamples: dict[Way, Resample], metrics: tuple[Metric, ...]) -> Entries:
    """Draws of every entry in a target's column of G."""
    with np.load(folder / f"{target}.npz") as stored:
        y, cell, drug, fold = (stored[name] for name in ("y", "cell", "drug", "fold"))
    pairs, centre = Pairs.of(cell=cell, drug=drug), float(y.mean())
    whole = Part.of(y, cell, drug, pairs, centre=centre)
    rows = [np.flatnonzero(fold == split) for split in range(SPLITS)]
    folds = [Part.of(y[r], cell[r], drug[r], pairs.of_rows(r), centre=centre) for r in rows]
    at = {way: resample.at(pairs) for way, resample in resamples.items()}
    shared = {way: replicate(at[way], [whole.truth_tables(way)]) for way in at}
    draws: Entries = {}
    for source in STUDIES:
        own = source == target
        tables: dict[Way, list[np.ndarray]] = {way: [] for way in at}
        for split, part in enumerate(folds if own else [whole] * SPLITS):
            prediction = np.load(folder / f"{source}-{split}-{target}.npy")
            if Way.TWO_WAY not in at:  # the plain scores stand in the first run
                row_scores(part.truth, prediction)
            columns = part.columns(prediction, squared_error_alone=Way.TWO_WAY in at)
            for way, of_way in tables.items():
                of_way.append(part.sides[way].tables(columns))
        for way, resample in at.items():
            truth = replicate(resample, [part.truth_tables(way) for part in folds]) if own else shared[way]
            files = replicate(resample, tables[way])
            weights = (
                fold_weights(n_splits=SPLITS, replicates=REPLICATES)
                if own
                else split_weights(seed=SEED, source=source, n_splits=SPLITS, replicates=REPLICATES)
            )
            for metric in metrics:
                draws[source, target, way, metric] = mean_over_splits(DRAWS[metric](truth, files), weights)
    return draws


def score(folder: Path, ways: tuple[Way, ...], metrics: tuple[Metric, ...]) -> int:
    """The number of intervals that were made."""
    resamples = {
        way: Resample.of(way, seed=SEED, cell_ids=CELL_IDS, drug_ids=DRUG_IDS, replicates=REPLICATES) for way in ways
    }
    draws: Entries = {}
    with ThreadPoolExecutor(THREADS) as threads:
        for column in threads.map(lambda target: score_target(folder, target, resamples, metrics), STUDIES):
            draws |= column

    def units(way: Way, target: str) -> int:
        _, cells, drugs = STUDIES[target]
        return {Way.BY_CELL: cells, Way.BY_DRUG: drugs, Way.TWO_WAY: min(cells, drugs)}[way]

    made = [interval(of_entry, units=units(way, target)) for (_, target, way, _), of_entry in draws.items()]
    for way in ways:
        for metric in metrics:
            for source in STUDIES:
                others = [target for target in STUDIES if target != source]
                ga = mean_of([draws[source, target, way, metric] for target in others])
                made.append(interval(ga, units=min(units(way, target) for target in others)))
    return sum(found.low.is_defined for found in made)


def measured(folder: Path, what: str) -> dict[str, float]:
    """Seconds after the imports and peak memory, of a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.intervals", what, str(folder)], check=True, capture_output=True, text=True
    )
    return json.loads(ran.stdout)


def peer_metrics() -> tuple[str, Callable[[np.ndarray, np.ndarray], object]]:
    try:
        from improvelib.metrics import compute_metrics
    except ImportError:
        return "pandas, scikit-learn and scipy", lambda y, p: (
            sk.mean_squared_error(y, p),
            sk.root_mean_squared_error(y, p),
            stats.pearsonr(y, p),
            stats.spearmanr(y, p),
            sk.r2_score(y, p),
        )
    return "improvelib", lambda y, p: compute_metrics(y, p, "regression")


def peer_s(folder: Path) -> tuple[str, float]:
    name, compute = peer_metrics()
    total = 0.0
    for target in STUDIES:
        source = next(study for study in STUDIES if study != target)
        prediction = np.load(folder / f"{source}-0-{target}.npy")
        with np.load(folder / f"{target}.npz") as stored:
            pd.DataFrame({"auc_true": stored["y"], "auc_pred": prediction.round(4)}).to_csv(folder / "peer.csv")
        started = time.perf_counter()
        read = pd.read_csv(folder / "peer.csv")
        compute(read["auc_true"].to_numpy(), read["auc_pred"].to_numpy())
        # Ten splits of four other sources on all rows, and ten folds that make up one more pass over them.
        total += (time.perf_counter() - started) * (4 * SPLITS + 1)
    return name, total


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        ours = {what: measured(folder, what) for what in LIMITS_S}
        for what, found in ours.items():
            ok = found["wall_s"] <= LIMITS_S[what] and found["peak_mb"] <= LIMIT_MB
            print(
                f"{what}: {found['intervals']:.0f} intervals in {found['wall_s']:.2f} s (wanted: {LIMITS_S[what]}), "
                f"{found['peak_mb']:.0f} MB (wanted: {LIMIT_MB}) {'ok' if ok else 'MISSED'}; "
                f"{found['cpu_s']:.2f} s of CPU with the imports"
            )
        peer, seconds = peer_s(folder)
        ratio = seconds / ours["one-way"]["wall_s"]
        verdict = "ok" if ratio >= AT_LEAST else "MISSED"
        print(f"{peer}, without intervals: {seconds:.0f} s, {ratio:.0f} times ours (wanted: {AT_LEAST}) {verdict}")


def child(what: str, folder: Path) -> None:
    started = time.perf_counter()
    intervals = score(folder, *(ONE_WAY if what == "one-way" else TWO_WAY))
    wall_s = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu_s = time.process_time()
    print(json.dumps({"intervals": intervals, "wall_s": wall_s, "peak_mb": peak_mb, "cpu_s": cpu_s}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
