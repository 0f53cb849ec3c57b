"""The reference models at CTRPv2's size against the originals' way of doing the same, on the CPU.

    python -m bench.models [batches|prediction|steps|large|lightgbm]

Peers that the project does not depend on (torch-geometric) are skipped with a sentence where they are not installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bench.clock import Paired, in_pairs, peak_mb, say
from reference_models import deepcdr, deepttc, graphdrp, hidra, lgbm, molecules, tcnns, two_arm, uno, xgdp
from reference_models.graphs import GraphTensors
from reference_models.neural import Examples, Features, PairModel, forward, forward_rows, predict
from reference_models.pairs import Pairs

CELLS, DRUGS, TRAINING_ROWS, ROWS = 720, 494, 229_331, 286_665
ALL_GENES, LANDMARK_GENES, DESCRIPTORS = 30_805, 958, 1_613
KNOWN_DRUGS = Path(__file__).parents[1] / "benchmark_data" / "known_drugs.tsv"
Case = tuple[PairModel, Features]


def smiles() -> list[str]:
    """As many molecules as CTRPv2 has drugs: real ones, repeated."""
    known = pd.read_csv(KNOWN_DRUGS, sep="\t").smiles.tolist()
    return [known[drug % len(known)] for drug in range(DRUGS)]


def dense_features(cells: int, drugs: int) -> Features:
    return Features([torch.randn(CELLS, cells)], [torch.randn(DRUGS, drugs)])


def graph_features(cells: list[int], atom: Callable[..., list[float]]) -> Features:
    graphs = GraphTensors.of(molecules.graphs(smiles(), atom), torch.device("cpu"))
    return Features([torch.randn(CELLS, width) for width in cells], [graphs])


def uno_case() -> Case:
    return uno.Uno(uno.Settings(), ALL_GENES, DESCRIPTORS), dense_features(ALL_GENES, DESCRIPTORS)


def graphdrp_case() -> Case:
    features = graph_features([LANDMARK_GENES], molecules.atom_78)
    return graphdrp.GraphDRP(graphdrp.Settings(), LANDMARK_GENES), features


def pathways() -> list[list[int]]:
    """186 with sizes like KEGG's: 12,800 memberships of 5,266 genes, from 10 to 389 a pathway."""
    rng = np.random.default_rng(0)
    sizes = np.clip(rng.lognormal(4.0, 0.6, 186), 10, 389)
    return [sorted(rng.choice(5_266, int(size), replace=False).tolist()) for size in sizes * 12_800 / sizes.sum()]


def hidra_case() -> Case:
    return hidra.Hidra(hidra.Settings(), pathways()), dense_features(5_266, 512)


class HidraByPathway(nn.Module):
    """HiDRA as its original computes it: every row's features through a small network for each pathway."""

    def __init__(self) -> None:
        super().__init__()
        self.sets = [torch.tensor(genes) for genes in pathways()]
        steering = [hidra.steering_width(len(genes)) for genes in self.sets]
        self.drug, self.attention = hidra.DenseNorm(512, [256, 128]), hidra.DenseNorm(512, [128, 32])
        self.steer = nn.ModuleList(hidra.DenseNorm(32, [width]) for width in steering)
        sizes = zip(self.sets, steering, strict=True)
        self.score = nn.ModuleList(nn.Linear(len(genes) + width, len(genes)) for genes, width in sizes)
        self.pooled_norm, self.weighted_norm = nn.BatchNorm1d(186), nn.BatchNorm1d(186)
        self.over_steer, self.over = hidra.DenseNorm(32, [12]), nn.Linear(186 + 12, 186)
        self.head, self.out = hidra.DenseNorm(186 + 128, [128]), nn.Linear(128, 1)

    def forward(self, expression: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
        attention = self.attention(bits, None)
        pooled = []
        for genes, steer, score in zip(self.sets, self.steer, self.score, strict=True):
            x = expression[:, genes]
            weight = score(torch.cat([x, steer(attention, None)], 1)).tanh().softmax(1)
            pooled.append((weight * x).sum(1))
        s = F.relu(self.pooled_norm(torch.stack(pooled, 1)))
        over = self.over(torch.cat([s, self.over_steer(attention, None)], 1)).tanh().softmax(1)
        v = F.relu(self.weighted_norm(s * over))
        return self.out(self.head(torch.cat([v, self.drug(bits, None)], 1), None)).squeeze(1)


def original(name: str, model: PairModel) -> tuple[nn.Module, Callable[..., torch.Tensor]]:
    """What a row-by-row step computes with: the same layers, but for HiDRA, which we compute in another shape."""
    if name != "hidra":
        return model, forward_rows

    def rows(by_pathway: nn.Module, features: Features, cell: torch.Tensor, drug: torch.Tensor) -> torch.Tensor:
        return by_pathway(features.cell[0][cell], features.drug[0][drug])

    return HidraByPathway(), rows


def tcnns_case() -> Case:
    tokens = (torch.rand(DRUGS, 28, 188) < 1 / 28).float()
    return tcnns.Tcnns(tcnns.Settings(), 735, 28, 188), Features([(torch.rand(CELLS, 735) < 0.1).float()], [tokens])


def two_arm_case() -> Case:
    return two_arm.TwoArm(two_arm.Settings(), 15_000, 2_048), dense_features(15_000, 2_048)


def deepcdr_case() -> Case:
    """The sizes of the original's own tables."""
    omics = {"mutation": 34_673, "expression": 697, "methylation": 808}
    features = graph_features(list(omics.values()), molecules.atom_75)
    return deepcdr.DeepCDR(deepcdr.Settings(), omics, largest=100), features


def xgdp_case(convolution: str) -> Case:
    features = graph_features([LANDMARK_GENES], molecules.atom_78)
    return xgdp.Xgdp(xgdp.Settings(convolution=convolution), LANDMARK_GENES), features


def deepttc_case() -> Case:
    words = torch.randint(1, 2_587, (DRUGS, 50))
    return deepttc.DeepTTC(deepttc.Settings(), LANDMARK_GENES), Features([torch.randn(CELLS, LANDMARK_GENES)], [words])


CASES: dict[str, Callable[[], Case]] = {
    "uno": uno_case,
    "graphdrp": graphdrp_case,
    "hidra": hidra_case,
    "tcnns": tcnns_case,
    "two_arm": two_arm_case,
    "deepcdr": deepcdr_case,
    "xgdp (GCN)": partial(xgdp_case, "gcn"),
    "xgdp (GAT)": partial(xgdp_case, "gat"),
    "deepttc": deepttc_case,
}


def some_rows(count: int, seed: int = 0) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    cell = torch.randint(0, CELLS, (count,), generator=generator)
    drug = torch.randint(0, DRUGS, (count,), generator=generator)
    return Examples(cell, drug, torch.rand(count, generator=generator))


def batches() -> None:
    """A batch made ready: UNO's against two pandas merges, GraphDRP's against torch-geometric's of a graph a row."""
    for genes in (LANDMARK_GENES, ALL_GENES):
        merged, gathered = uno_batches(genes)
        paired = in_pairs(gathered, merged, pairs=15)
        say(f"a batch of 32 for uno, {genes:,} genes", paired, peer="pandas merge", at_least=30)
    try:
        from torch_geometric.data import Data, InMemoryDataset
        from torch_geometric.loader import DataLoader
    except ImportError:
        print("a batch of 256 for graphdrp: torch-geometric is not installed, the peer is skipped")
        return
    features = graph_features([LANDMARK_GENES], molecules.atom_78)
    graphs, expression, rows = features.drug[0], features.cell[0], some_rows(256)

    def one_graph(cell: int, drug: int) -> Data:
        molecule = graphs.take(torch.tensor([drug]))
        edges = torch.stack([molecule.source, molecule.target])
        return Data(x=molecule.atoms, edge_index=edges, target=expression[cell][None])

    class OneGraphARow(InMemoryDataset):
        """As GraphDRP stores its rows."""

        def __init__(self) -> None:
            super().__init__()
            pairs = zip(rows.cell.tolist(), rows.drug.tolist(), strict=True)
            self.data, self.slices = self.collate([one_graph(cell, drug) for cell, drug in pairs])

        def get(self, index: int) -> Data:
            self._data_list = None  # a study's first epoch: no row has been taken apart before
            return super().get(index)

    loader = DataLoader(OneGraphARow(), batch_size=256, shuffle=True)

    def ours() -> object:
        cells, _ = torch.unique(rows.cell, return_inverse=True)
        drugs, _ = torch.unique(rows.drug, return_inverse=True)
        return expression.index_select(0, cells), graphs.take(drugs)

    paired = in_pairs(ours, lambda: next(iter(loader)), pairs=15)
    say("a batch of 256 for graphdrp", paired, peer="torch-geometric's loader", at_least=10)


def uno_batches(genes: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """The original's batch (rows merged with both feature frames, as arrays) and ours (two gathers)."""
    rng = np.random.default_rng(0)
    cells = pd.DataFrame(rng.random((CELLS, genes), np.float32)).add_prefix("g")
    drugs = pd.DataFrame(rng.random((DRUGS, DESCRIPTORS), np.float32)).add_prefix("d")
    rows, batch = some_rows(TRAINING_ROWS), torch.randperm(TRAINING_ROWS)[:32]
    response = pd.DataFrame({"cell": rows.cell.numpy(), "drug": rows.drug.numpy(), "auc": rows.response.numpy()})
    cell_x, drug_x = (torch.from_numpy(frame.to_numpy().copy(order="C")) for frame in (cells, drugs))
    cells.insert(0, "cell", range(CELLS))
    drugs.insert(0, "drug", range(DRUGS))

    def merged() -> object:
        frame = response.iloc[batch.numpy()].merge(cells, on="cell", how="left").merge(drugs, on="drug", how="left")
        return frame.iloc[:, 3 : 3 + genes].to_numpy(), frame.iloc[:, 3 + genes :].to_numpy(), frame["auc"].to_numpy()

    def gathered() -> object:
        cell_codes, _ = torch.unique(rows.cell[batch], return_inverse=True)
        drug_codes, _ = torch.unique(rows.drug[batch], return_inverse=True)
        return cell_x.index_select(0, cell_codes), drug_x.index_select(0, drug_codes), rows.response[batch]

    return merged, gathered


def prediction() -> None:
    """A quarter of the study, in which every cell and drug occurs; row by row on 1,024 rows, and multiplied."""
    wanted = {"uno": 8, "graphdrp": 25}
    rows, few = some_rows(ROWS // 4), some_rows(1024)
    for name, make in CASES.items():
        model, features = make()

        peer, compute = original(name, model)

        def row_by_row(peer: nn.Module = peer, compute: Callable = compute, features: Features = features) -> None:
            with torch.no_grad():
                for cell, drug in zip(few.cell.split(256), few.drug.split(256), strict=True):
                    compute(peer.eval(), features, cell, drug)

        measured = in_pairs(partial(predict, model, features, rows), row_by_row, pairs=5)
        times = len(rows) / len(few)
        paired = Paired(measured.ours_s, measured.peer_s * times, measured.ratio * times)
        say(f"prediction of {len(rows):,} rows, {name}", paired, peer="row by row", at_least=wanted.get(name, 1))


def training_step(
    model: nn.Module, compute: Callable[..., torch.Tensor], features: Features, rows: Examples
) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, fused=True)
    model.train()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.mse_loss(compute(model, features, rows.cell, rows.drug), rows.response).backward()
        optimizer.step()

    return step


def steps() -> None:
    """A training step at the original's batch size: nearly every row is another cell, so that both do the same work.

    Two runs of the same differ by up to 5% on a virtual machine, so that less is no difference.
    """
    for name, make in CASES.items():
        model, features = make()
        rows = some_rows(model.settings_type().batch)
        ours = training_step(model, forward, features, rows)
        peer = training_step(*original(name, model), features, rows)
        paired = in_pairs(ours, peer, pairs=11)
        say(f"a step of {len(rows)} rows, {name}", paired, peer="row by row", at_least=0.95)


def large() -> None:
    """A training step of the recipe `large_batch`."""
    rows = some_rows(4096)
    for name in ("graphdrp", "tcnns", "hidra"):
        model, features = CASES[name]()
        ours = training_step(model, forward, features, rows)
        peer = training_step(*original(name, model), features, rows)
        say(f"a step of 4,096 rows, {name}", in_pairs(ours, peer, pairs=5), peer="row by row", at_least=5)


def lightgbm(rows: int = 60_000) -> None:
    """LightGBM fed by rows when it asks for them, against a frame of all rows as the original builds it."""
    found: dict[str, list[dict[str, float]]] = {"ours": [], "original": []}
    for _ in range(5):
        for way, results in found.items():
            command = [sys.executable, "-m", "bench.models", "lightgbm-once", way, str(rows)]
            results.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    mine, theirs = (pd.DataFrame(results).median() for results in found.values())
    less = theirs.peak_mb / mine.peak_mb
    verdict = "ok" if less >= 3 and mine.train_s <= theirs.train_s else "MISSED"
    print(
        f"LightGBM on {rows:,} rows, data and 10 trees: {mine.peak_mb:.0f} MB and {mine.train_s:.1f} s, a frame of all "
        f"rows {theirs.peak_mb:.0f} MB and {theirs.train_s:.1f} s: {less:.1f} times less memory (wanted: 3) {verdict}"
    )


def lightgbm_once(way: str, rows: int) -> None:
    """Print the peak memory above what the process had with its imports and features, and the seconds."""
    import lightgbm as lgb

    rng = np.random.default_rng(0)
    cells, drugs = (rng.random(shape, np.float32) for shape in ((CELLS, LANDMARK_GENES), (DRUGS, DESCRIPTORS)))
    cell, drug = rng.integers(0, CELLS, rows), rng.integers(0, DRUGS, rows)
    response = rng.random(rows)
    before, began = peak_mb(), time.perf_counter()
    parameters = {"objective": "regression", "num_threads": 2, "verbosity": -1}
    if way == "ours":
        features = lgbm.PairRows(cells, drugs, Pairs(cell, drug, response, np.arange(rows)))
        parameters |= {"bin_construct_sample_cnt": lgbm.Settings().sample, "force_col_wise": True}
    else:
        frames = pd.DataFrame(cells).add_prefix("g"), pd.DataFrame(drugs).add_prefix("d")
        frame = pd.DataFrame({"cell": cell, "drug": drug}).merge(frames[0], left_on="cell", right_index=True)
        frame = frame.merge(frames[1], left_on="drug", right_index=True).sort_index()
        features = frame.drop(columns=["cell", "drug"])
    lgb.train(parameters, lgb.Dataset(features, response), 10)
    print(json.dumps({"peak_mb": peak_mb() - before, "train_s": time.perf_counter() - began}))


def main() -> None:
    parts = {"batches": batches, "prediction": prediction, "steps": steps, "large": large, "lightgbm": lightgbm}
    if sys.argv[1:2] == ["lightgbm-once"]:
        lightgbm_once(sys.argv[2], int(sys.argv[3]))
        return
    torch.manual_seed(0)
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
