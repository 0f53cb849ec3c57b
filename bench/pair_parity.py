"""R² of pair_boosting and of LightGBM with the same settings, on real screens: ten splits of CCLE, three of CTRPv2.

    python -m bench.pair_parity FOLDER

FOLDER holds improve_exact/ (CCLE with its splits), response.parquet, drugs.tsv and features/. Cells without a
table's measurement have missing values there, so the learned side of missing values is part of what is compared.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from reference_models import molecules
from reference_models.pair_boosting import PairBooster

LIMIT = 0.005
CELL_TABLES = ("expr_ccle_vae_latent100", "rppa_ccle", "metabolomics_ccle")
LIGHTGBM = {"objective": "regression", "force_col_wise": True, "bin_construct_sample_cnt": 20_000, "verbose": -1}


@dataclass(frozen=True, slots=True)
class Study:
    name: str
    cell_x: np.ndarray
    drug_x: np.ndarray
    cell: np.ndarray  # (rows,) positions in cell_x
    drug: np.ndarray
    auc: np.ndarray
    splits: list[tuple[np.ndarray, np.ndarray]]  # rows to train on, rows to test on


class Rows(lightgbm.Sequence):
    """Some rows of a study with all their features, made a batch at a time."""

    batch_size = 4096

    def __init__(self, study: Study, rows: np.ndarray) -> None:
        self.study, self.rows = study, rows

    def __getitem__(self, index: int | slice | list[int]) -> np.ndarray:
        s, rows = self.study, self.rows[index]
        return np.concatenate([s.cell_x[s.cell[rows]], s.drug_x[s.drug[rows]]], -1)

    def __len__(self) -> int:
        return len(self.rows)


def with_features(name: str, rows: pd.DataFrame, splits: list[tuple[np.ndarray, np.ndarray]], folder: Path) -> Study:
    cell, cells = pd.factorize(rows.improve_sample_id, sort=True)
    drug, drugs = pd.factorize(rows.improve_chem_id, sort=True)
    tables = [pd.read_parquet(folder / "features" / f"{table}.parquet").reindex(cells) for table in CELL_TABLES]
    smiles = pd.read_csv(folder / "drugs.tsv", sep="\t", index_col="improve_chem_id").smiles.loc[drugs].tolist()
    bits = pd.read_parquet(folder / "features/drug_ecfp4_512_improve.parquet").loc[drugs]
    cell_x = np.concatenate(tables, 1, dtype=np.float64)
    drug_x = np.concatenate([molecules.descriptors(smiles), bits], 1, dtype=np.float64)
    return Study(name, cell_x, drug_x, cell, drug, rows.auc.to_numpy(np.float64), splits)


def ccle(folder: Path) -> Study:
    rows = pd.read_csv(folder / "improve_exact/ccle_response.tsv", sep="\t")

    def part(split: int, name: str) -> np.ndarray:
        return np.loadtxt(folder / f"improve_exact/splits/CCLE_split_{split}_{name}.txt", int)

    return with_features("CCLE", rows, [(part(n, "train"), part(n, "test")) for n in range(10)], folder)


def ctrpv2(folder: Path) -> Study:
    rows = pd.read_parquet(folder / "response.parquet").query("study == 'CTRPv2'").reset_index(drop=True)
    fold = rows.fold.to_numpy()
    held_out = [((n + 9) % 10, (n + 8) % 10) for n in range(3)]  # test and validation folds, as IMPROVE makes splits
    splits = [(np.flatnonzero((fold != test) & (fold != val)), np.flatnonzero(fold == test)) for test, val in held_out]
    rows = rows.astype({"improve_sample_id": str, "improve_chem_id": str})
    return with_features("CTRPv2", rows, splits, folder)


def r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    return 1 - float(np.square(truth - predicted).sum() / np.square(truth - truth.mean()).sum())


def compare(study: Study, rounds: int, threads: int) -> Iterator[tuple[float, float]]:
    """(R² of ours, R² of LightGBM) on the test rows of each split; prints each."""
    settings = {"num_leaves": 31, "learning_rate": 0.1, "min_child_samples": 20}
    for number, (train, test) in enumerate(study.splits):
        features, start = (study.cell_x, study.drug_x), time.perf_counter()
        ours = PairBooster(n_estimators=rounds, **settings)
        ours.fit(*features, study.cell[train], study.drug[train], study.auc[train])
        mine = r2(study.auc[test], ours.predict(*features, study.cell[test], study.drug[test]))
        between = time.perf_counter()
        options = LIGHTGBM | settings | {"num_threads": threads}
        labelled = lightgbm.Dataset(Rows(study, train), study.auc[train], params=options)
        theirs = lightgbm.train(options, labelled, num_boost_round=rounds)
        peer = r2(study.auc[test], theirs.predict(Rows(study, test)[:]))
        times = f"{between - start:.1f} s against {time.perf_counter() - between:.1f} s"
        scores = f"R² {mine:.4f}, LightGBM {peer:.4f}: {mine - peer:+.4f}"
        print(f"{study.name} split {number}: {scores}; {times}", flush=True)
        yield mine, peer


STUDIES = {"CCLE": ccle, "CTRPv2": ctrpv2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2, help="LightGBM's")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    arguments = parser.parse_args()
    for name in arguments.studies:
        study = STUDIES[name](arguments.folder)
        ours, peer = np.array(list(compare(study, arguments.rounds, arguments.threads))).T
        gap = ours - peer
        verdict = "ok" if abs(gap.mean()) <= LIMIT else "MISSED"
        print(
            f"{name}, {len(gap)} splits, {arguments.rounds} rounds: R² {ours.mean():.4f}, LightGBM {peer.mean():.4f}, "
            f"difference {gap.mean():+.4f} ± {gap.std(ddof=1):.4f} (wanted: at most {LIMIT}) {verdict}"
        )


if __name__ == "__main__":
    main()
