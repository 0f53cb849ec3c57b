"""DeepCDR: a graph convolution for the drug, and expression, mutation and methylation for the cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from reference_models.features import Numbers
from reference_models.graphs import GCN, GraphBatch
from reference_models.job import Job, JobError, log, main
from reference_models.molecule_inputs import MoleculeGraphs
from reference_models.neural import CountedBatchNorm, PairDense, PairModel, Recipe, State, gather, keras_init
from reference_models.training import stages

OMICS = ("mutation", "expression", "methylation")


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 150
    batch: int = 32
    learning_rate: float = 1e-3
    patience: int = 10
    graph_layers: tuple[int, ...] = (256, 256, 100)
    omics_layers: tuple[int, ...] = (256, 100)
    mutation_kernels: tuple[int, ...] = (700, 5)
    mutation_pools: tuple[int, ...] = (5, 10)
    head: int = 300
    head_kernels: tuple[int, ...] = (150, 5, 5)
    mutation_dropout: float = 0.1  # the original builds more dropouts, but switched off


class PaddedGraphs(nn.Module):
    """Graph convolutions over molecules padded with empty atoms to the largest one, then the mean over all of them.

    An empty atom meets no other, so that all of them are equal in every layer: one stands for those that a molecule
    lacks, weighted by their number in batch norm and in the mean.
    """

    def __init__(self, settings: Settings, largest: int, atom_features: int = 75) -> None:
        super().__init__()
        widths = [atom_features, *settings.graph_layers]
        self.layers = nn.ModuleList(GCN(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(keras_norm(width) for width in settings.graph_layers)
        self.largest = largest

    def forward(self, graph: GraphBatch, count: Tensor) -> Tensor:
        empty = (self.largest - graph.atom_count).clamp(min=0)  # (drugs,)
        rows = torch.cat([torch.repeat_interleave(count, graph.atom_count), (count * empty).sum()[None]])
        x, pad = graph.atoms, graph.atoms.new_zeros(1, graph.atoms.shape[1])
        for layer, norm in zip(self.layers, self.norms, strict=True):
            h = torch.cat([layer(x, graph), layer.dense(pad)])  # (atoms + 1, width)
            h = norm(F.relu(h), rows)
            x, pad = h[:-1], h[-1:]
        return (graph.pool_sum(x) + empty[:, None] * pad) / (graph.atom_count + empty)[:, None]  # (drugs, 100)


def keras_norm(features: int) -> CountedBatchNorm:
    return CountedBatchNorm(features, eps=1e-3, momentum=0.01)


class Profile(nn.Module):
    """Expression or methylation: 256 tanh, batch norm, 100 ReLU."""

    def __init__(self, genes: int, layers: tuple[int, ...]) -> None:
        super().__init__()
        hidden, out = layers
        self.first, self.norm, self.second = nn.Linear(genes, hidden), keras_norm(hidden), nn.Linear(hidden, out)

    def forward(self, x: Tensor, count: Tensor) -> Tensor:
        return F.relu(self.second(self.norm(self.first(x).tanh(), count)))


class Mutations(nn.Module):
    """Mutations as an image of one row: two convolutions, each pooled, and a dense layer."""

    def __init__(self, genes: int, settings: Settings) -> None:
        super().__init__()
        (wide, narrow), (pool, second_pool) = settings.mutation_kernels, settings.mutation_pools
        wide = min(wide, max(1, genes // 2))
        if wide < settings.mutation_kernels[0]:
            log(f"{genes} genes are too few for a kernel of {settings.mutation_kernels[0]}: it is {wide}")
        self.first = nn.Conv1d(1, 50, wide, stride=5)
        length = (genes - wide) // 5 + 1
        self.pool = min(pool, length)
        length //= self.pool
        narrow = min(narrow, length)
        self.second = nn.Conv1d(50, 30, narrow, stride=2)
        length = (length - narrow) // 2 + 1
        self.second_pool = min(second_pool, length)
        self.out = nn.Linear(30 * (length // self.second_pool), settings.omics_layers[-1])

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool1d(self.first(x.unsqueeze(1)).tanh(), self.pool)  # (cells, 50, positions)
        x = F.max_pool1d(F.relu(self.second(x)), self.second_pool)  # (cells, 30, positions)
        # channels last, as the original flattens
        return F.relu(self.out(x.transpose(1, 2).flatten(1)))


class Head(nn.Module):
    """The 300 numbers of a pair as a signal: three convolutions, each pooled, and one linear output."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.pools, channels, length = (2, 3, 3), (1, 30, 10, 5), settings.head
        pairs = zip(pairwise(channels), settings.head_kernels, strict=True)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, kernel) for (a, b), kernel in pairs)
        for kernel, pool in zip(settings.head_kernels, self.pools, strict=True):
            length = (length - kernel + 1) // pool
        self.out = nn.Linear(channels[-1] * length, 1)

    def forward(self, h: Tensor) -> Tensor:
        x = h.unsqueeze(1)  # (rows, 1, 300)
        for layer, pool in zip(self.layers, self.pools, strict=True):
            x = F.max_pool1d(F.relu(layer(x)), pool)  # (rows, 30, 75), (rows, 10, 23), (rows, 5, 6)
        return self.out(x.transpose(1, 2).flatten(1)).squeeze(1)


class DeepCDR(PairModel):
    settings_type = Settings
    input_kinds = (MoleculeGraphs,)

    def __init__(self, settings: Settings, omics: dict[str, int], largest: int) -> None:
        """`omics` has the columns of each table that the release has; a branch without a table does not exist."""
        super().__init__()
        profiles = [name for name in OMICS if name in omics and name != "mutation"]
        self.mutation = Mutations(omics["mutation"], settings) if "mutation" in omics else None
        self.profiles = nn.ModuleList(Profile(omics[name], settings.omics_layers) for name in profiles)
        self.drug = PaddedGraphs(settings, largest)
        self.branch = settings.omics_layers[-1]
        self.first = PairDense(self.branch * len(omics), settings.graph_layers[-1], settings.head)
        self.head = Head(settings)
        self.dropout = nn.Dropout(settings.mutation_dropout)
        keras_init(self)

    @staticmethod
    def inputs(job: Job, settings: Settings):  # noqa: ARG004
        """All genes, standardised over all cells of the table, not over the training's: as the original does it."""
        there = [name for name in OMICS if job.has("cell", name)]
        for name in set(OMICS) - set(there):
            log(f"the release has no cell table {name}: the model is built without this branch")
        if "expression" not in there:
            raise JobError("deepcdr needs cell table expression, and the release has none.")
        tables = [Numbers.fit(job, "cell", [name], ids=job.matrix("cell", name).ids) for name in there]
        return tables, [MoleculeGraphs.fit(job, "deepcdr")]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):
        return cls(settings, {one.source: len(one.columns) for one in cell_inputs}, drug_inputs[0].largest)

    def cells(self, features, count: Tensor) -> State:
        tables = list(features)
        mutation = [] if self.mutation is None else [self.mutation(tables.pop(0))]
        profiles = [profile(table, count) for profile, table in zip(self.profiles, tables, strict=True)]
        if self.training and mutation:  # its dropout is a row's own
            rest = F.linear(torch.cat(profiles, 1), self.first.cell.weight[:, self.branch :], self.first.cell.bias)
            return rest, mutation[0]  # (cells, 300), (cells, 100)
        return (self.first.cell(torch.cat(mutation + profiles, 1)),)

    def drugs(self, features, count: Tensor) -> State:
        return (self.first.drug(self.drug(features[0], count)),)  # (drugs, 300)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        h = gather(cell[0], cell_of) + gather(drug[0], drug_of)  # (rows, 300)
        if len(cell) == 2:
            h = h + F.linear(self.dropout(gather(cell[1], cell_of)), self.first.cell.weight[:, : self.branch])
        return self.head(h.tanh())


train, infer = stages(DeepCDR)

if __name__ == "__main__":
    main(train, infer)
