"""pair_boosting on one core against LightGBM with two threads fed its best stock way: a round, end to end, memory.

    python -m bench.pair_boosting

Features have no equal values, which is the dearest case for exact cuts. Child processes train end to end, so that
each one's memory is its own; a cold one has to compile first.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import lightgbm
import numpy as np

from bench.clock import Paired, in_pairs, peak_mb, say, seconds
from reference_models.pair_boosting import PairBooster
from reference_models.pair_boosting.growth import Grower
from reference_models.pair_boosting.settings import Settings
from reference_models.pair_boosting.tree import Pairs

ROUNDS = 30
LIGHTGBM = {
    "objective": "regression",
    "num_threads": 2,
    "force_col_wise": True,
    "bin_construct_sample_cnt": 20_000,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class Size:
    cells: int
    drugs: int
    rows: int
    cell_features: int = 958
    drug_features: int = 1613


SIZES = {"CTRPv2": Size(720, 494, 229_331), "CCLE": Size(411, 24, 7_615)}
WANTED_A_ROUND = {"CTRPv2": 5, "CCLE": 2}
WANTED_END_TO_END = {"CTRPv2": 10, "CCLE": 2}
WANTED_MB = 500


@dataclass(frozen=True, slots=True)
class Screen:
    cell_x: np.ndarray
    drug_x: np.ndarray
    cell_code: np.ndarray
    drug_code: np.ndarray
    y: np.ndarray


def make_screen(size: Size) -> Screen:
    """Effects of the drug (most of the variance, as in real screens), of the cell and of both; and noise."""
    rng = np.random.default_rng(0)
    cell_x, drug_x = (
        rng.normal(size=(size.cells, size.cell_features)),
        rng.normal(size=(size.drugs, size.drug_features)),
    )
    cell, drug = np.divmod(rng.permutation(size.cells * size.drugs)[: size.rows], size.drugs)
    effects = 0.3 * np.tanh(cell_x[:, :5]).sum(1)[cell] + np.tanh(drug_x[:, :8]).sum(1)[drug]
    together = 0.09 * (cell_x[:, :6] @ drug_x[:, :6].T)[cell, drug]
    y = effects + together + rng.normal(scale=0.5, size=size.rows)
    return Screen(cell_x, drug_x, cell.astype(np.int32), drug.astype(np.int32), y)


class Rows(lightgbm.Sequence):
    """The rows × features matrix, made a batch at a time: LightGBM's leanest way in."""

    batch_size = 4096

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def __getitem__(self, index: int | slice | list[int]) -> np.ndarray:
        s = self.screen
        return np.concatenate([s.cell_x[s.cell_code[index]], s.drug_x[s.drug_code[index]]], -1)

    def __len__(self) -> int:
        return len(self.screen.y)


def train_ours(screen: Screen) -> PairBooster:
    return PairBooster(n_estimators=ROUNDS).fit(
        screen.cell_x, screen.drug_x, screen.cell_code, screen.drug_code, screen.y
    )


def labelled(screen: Screen) -> lightgbm.Dataset:
    return lightgbm.Dataset(Rows(screen), screen.y, params=LIGHTGBM)  # Booster hands it none of its own


def train_lightgbm(screen: Screen) -> lightgbm.Booster:
    return lightgbm.train(LIGHTGBM, labelled(screen), num_boost_round=ROUNDS)


TRAININGS = {"ours": train_ours, "lightgbm": train_lightgbm}


def a_round(screen: Screen, pairs: int) -> Paired:
    booster = lightgbm.Booster(LIGHTGBM, labelled(screen))
    both = Pairs((screen.cell_x, screen.drug_x), (screen.cell_code, screen.drug_code))
    grower = Grower(both, screen.y - screen.y.mean(), Settings())
    return in_pairs(grower.grow, booster.update, pairs=pairs)


def child(who: str, size: str) -> None:
    """Train once in this process; say how long it took and how much memory the process ever held."""
    screen = make_screen(SIZES[size])
    wall_s = seconds(lambda: TRAININGS[who](screen))
    print(json.dumps({"wall_s": wall_s, "peak_mb": peak_mb()}))


def in_a_process(who: str, size: str, cache: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.pair_boosting", "--child", who, size]
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])  # LightGBM prints warnings before it


def end_to_end(size: str, pairs: int) -> None:
    with tempfile.TemporaryDirectory() as warm_cache:
        in_a_process("ours", size, warm_cache)
        runs: dict[str, list[dict[str, float]]] = {"warm": [], "cold": [], "peer": []}
        for _ in range(pairs):
            runs["warm"].append(in_a_process("ours", size, warm_cache))
            runs["peer"].append(in_a_process("lightgbm", size, warm_cache))
            with tempfile.TemporaryDirectory() as cold_cache:
                runs["cold"].append(in_a_process("ours", size, cold_cache))
    wall = {name: [run["wall_s"] for run in each] for name, each in runs.items()}
    for name, meaning in (("warm", "compiled before"), ("cold", "compiling first")):
        ratio = statistics.median(theirs / mine for mine, theirs in zip(wall[name], wall["peer"], strict=True))
        paired = Paired(statistics.median(wall[name]), statistics.median(wall["peer"]), ratio)
        say(f"{size}, {ROUNDS} rounds end to end, {meaning}", paired, peer="LightGBM", at_least=WANTED_END_TO_END[size])
    ours_mb, cold_mb, peer_mb = (max(run["peak_mb"] for run in runs[name]) for name in ("warm", "cold", "peer"))
    verdict = "ok" if ours_mb < WANTED_MB else "MISSED"
    print(f"{size}, peak memory: {ours_mb:.0f} MB ({cold_mb:.0f} compiling), LightGBM {peer_mb:.0f} MB "
          f"(wanted: under {WANTED_MB}) {verdict}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="of end-to-end trainings; of rounds three times as many")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--child", nargs=2, metavar=("WHO", "SIZE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    for size in arguments.sizes:
        paired = a_round(make_screen(SIZES[size]), 3 * arguments.pairs)
        say(f"{size}, a round", paired, peer="LightGBM on two threads", at_least=WANTED_A_ROUND[size])
        end_to_end(size, arguments.pairs)


if __name__ == "__main__":
    main()
