"""HiDRA: attention over the genes of each pathway, then over pathways, both steered by the drug.

The original's 186 pathways are small networks of their own. Here pathways of like size stand in one block, padded with
zeros that stay zero, so that a batched product does a whole block; what depends on the cell or the drug alone is
computed once for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from reference_models.features import Numbers, choose
from reference_models.job import Job, JobError, log, main
from reference_models.neural import CountedBatchNorm, PairDense, PairModel, Recipe, State, gather, keras_init
from reference_models.training import stages


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 20
    batch: int = 32
    learning_rate: float = 1e-3
    patience: int = 10
    drug_layers: tuple[int, ...] = (256, 128)
    attention_layers: tuple[int, ...] = (128, 32)
    head: int = 128


@dataclass(frozen=True, slots=True)
class Pathways:
    """Expression of the pathways' genes, z-scored over them within each cell; pathways name their genes' columns."""

    genes: list[str]
    mean: list[float]
    sets: list[list[int]]

    @classmethod
    def fit(cls, job: Job) -> Pathways:
        choose(job, "cell", ["gene_sets"])
        table = job.text("cell", "gene_sets")
        expression = Numbers.fit(job, "cell", ["expression"], standardise=False)
        column = {gene: i for i, gene in enumerate(expression.columns)}
        found: dict[str, set[str]] = {}
        for name, gene in zip(table["set"].to_pylist(), table["gene"].to_pylist(), strict=True):
            if gene in column:
                found.setdefault(name, set()).add(gene)
        if empty := len(set(table["set"].to_pylist())) - len(found):
            log(f"{empty} gene sets have no gene in expression and are left out")
        if not found and job.matrix("cell", "expression").is_identity:
            log("cells are names here, without expression: all columns are one gene set")
            found = {"all": set(expression.columns)}
        if not found:
            raise JobError("No gene of the cell table gene_sets is a column of expression.")
        genes = sorted(set().union(*found.values()))
        place = {gene: i for i, gene in enumerate(genes)}
        sets = [sorted(place[gene] for gene in found[name]) for name in sorted(found)]
        return cls(genes, [expression.mean[column[gene]] for gene in genes], sets)

    def ids(self, job: Job) -> list[str]:
        return job.matrix("cell", "expression").ids

    def make(self, job: Job, ids: list[str]) -> np.ndarray:
        values = Numbers("cell", "expression", self.genes, self.mean).make(job, ids)
        spread = values.std(1, keepdims=True)
        return (values - values.mean(1, keepdims=True)) / np.where(spread > 0, spread, 1)


@dataclass(frozen=True, slots=True)
class Block:
    """Pathways of like size: `slots` and `steering` are the widths that all are padded to."""

    pathways: list[int]
    slots: int
    steering: int


def blocks(sizes: Sequence[int]) -> list[Block]:
    """Pathways from small to large, a new block when the next is a quarter larger than the block's first."""
    grouped: list[list[int]] = []
    for pathway in sorted(range(len(sizes)), key=lambda k: (sizes[k], k)):
        if not grouped or sizes[pathway] > 1.25 * sizes[grouped[-1][0]]:
            grouped.append([])
        grouped[-1].append(pathway)
    return [Block(group, sizes[group[-1]], steering_width(sizes[group[-1]])) for group in grouped]


def steering_width(genes: int) -> int:
    return genes // 4 + 1


class PathwayAttention(nn.Module):
    """Dense_n([genes, a]) of every pathway, in its two halves: of the cell's genes and of the drug's a."""

    def __init__(self, sets: Sequence[Sequence[int]], attention: int) -> None:
        super().__init__()
        self.sizes = sizes = [len(genes) for genes in sets]
        self.blocks = blocks(sizes)
        self.steer = nn.Linear(attention, sum(map(steering_width, sizes)))  # every pathway's a, side by side
        self.norm = keras_norm(self.steer.out_features)
        self.of_genes, self.of_drug, self.bias = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        first = np.cumsum([0, *map(steering_width, sizes)])
        gene_slots, steer_slots = [], []
        for block in self.blocks:
            count, n, a = len(block.pathways), block.slots, block.steering
            genes, steer = torch.zeros(count, n, n), torch.zeros(count, a, n)
            for row, k in enumerate(block.pathways):
                size, width = sizes[k], steering_width(sizes[k])
                limit = (6 / (2 * size + width)) ** 0.5  # Glorot, as Keras starts a dense layer
                genes[row, :size, :size].uniform_(-limit, limit)
                steer[row, :width, :size].uniform_(-limit, limit)
                gene_slots += [*sets[k], *[-1] * (n - size)]
                steer_slots += [*range(first[k], first[k] + width), *[-1] * (a - width)]
            self.of_genes.append(genes)
            self.of_drug.append(steer)
            self.bias.append(torch.zeros(count, 1, n))
        self.register_buffer("gene_slots", torch.tensor(gene_slots), persistent=False)
        self.register_buffer("steer_slots", torch.tensor(steer_slots), persistent=False)
        self.register_buffer("present", (self.gene_slots >= 0).float(), persistent=False)

    @torch.no_grad()
    def init_steering(self) -> None:
        """Each pathway's own dense layer is Glorot's, not all of them as one."""
        for own in self.steer.weight.split([steering_width(size) for size in self.sizes]):
            nn.init.xavier_uniform_(own)

    def genes(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """(cells, genes) → the expression of each block's slots, and the genes' half of their scores."""
        slots = padded(x, self.gene_slots).split(self.slot_widths, 1)
        return list(slots), self._project(slots, self.of_genes, self.bias)

    def drug(self, attention: Tensor, count: Tensor) -> list[Tensor]:
        """(drugs, 32) → the drug's half of each block's scores."""
        a = F.relu(self.norm(self.steer(attention), count))
        widths = [len(block.pathways) * block.steering for block in self.blocks]
        return self._project(padded(a, self.steer_slots).split(widths, 1), self.of_drug, [0.0] * len(widths))

    @property
    def slot_widths(self) -> list[int]:
        return [len(block.pathways) * block.slots for block in self.blocks]

    def pool(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        """The softmax of tanh within each pathway and the mean of its genes with these weights, (rows, pathways)."""
        slots, scores = cell[: len(self.blocks)], cell[len(self.blocks) :]
        order = cell_of.argsort()  # rows of one cell in turn, so that its slots are read from the cache
        cell_of, drug_of = cell_of[order], drug_of[order]
        present = self.present.split(self.slot_widths)
        parts = zip(slots, scores, drug, present, self.blocks, strict=True)
        pooled = [
            Pool.apply(x, score, steer, there.view(len(block.pathways), -1), cell_of, drug_of)
            for x, score, steer, there, block in parts
        ]
        return torch.cat(pooled, 1).index_select(0, order.argsort())

    def _project(self, parts: Sequence[Tensor], weights, biases) -> list[Tensor]:
        out = []
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            of_pathway = part.view(len(part), len(weight), -1).transpose(0, 1)  # (pathways, entities, width)
            out.append((torch.bmm(of_pathway, weight) + bias).transpose(0, 1).flatten(1))
        return out


class Pool(torch.autograd.Function):
    """Attention within the pathways of a block, a few rows at a time, kept in the processor's cache.

    Nothing of a row is remembered for the gradient: computing it again costs less than writing and reading it. An empty
    slot has expression 0 and score 0, so that its weight is exp(tanh(0)) = 1: `empty` of them are taken off the sum.
    """

    at_once = 1 << 19  # slots of all rows of a chunk

    @staticmethod
    def chunks(slots: Tensor, cell_of: Tensor, drug_of: Tensor) -> Iterator[tuple[slice, Tensor, Tensor, list[Tensor]]]:
        """Rows, their cells and drugs, and room for three values of each slot, the same for all chunks."""
        most = max(1, Pool.at_once // slots.shape[1])
        room = slots.new_empty(3, most, slots.shape[1])
        for start in range(0, len(cell_of), most):
            rows = slice(start, min(start + most, len(cell_of)))
            yield rows, cell_of[rows], drug_of[rows], list(room[:, : rows.stop - start])

    @staticmethod
    def forward(ctx, slots, score, steer, present, cell_of, drug_of) -> Tensor:
        empty = present.shape[1] - present.sum(1)  # (pathways,)
        out = slots.new_empty(len(cell_of), len(present))
        for rows, cell, drug, (weight, other, _) in Pool.chunks(slots, cell_of, drug_of):
            torch.index_select(score, 0, cell, out=weight)  # (rows, slots)
            weight.add_(torch.index_select(steer, 0, drug, out=other)).tanh_().exp_()  # tanh keeps it in range
            total = weight.view(len(cell), *present.shape).sum(2) - empty
            weight.mul_(torch.index_select(slots, 0, cell, out=other))
            torch.div(weight.view(len(cell), *present.shape).sum(2), total, out=out[rows])
        ctx.save_for_backward(slots, score, steer, present, empty, cell_of, drug_of, out)
        return out

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        slots, score, steer, present, empty, cell_of, drug_of, out = ctx.saved_tensors
        of_score, of_steer = torch.zeros_like(score), torch.zeros_like(steer)
        for rows, cell, drug, (tanh, weight, other) in Pool.chunks(slots, cell_of, drug_of):
            torch.index_select(score, 0, cell, out=tanh)
            tanh.add_(torch.index_select(steer, 0, drug, out=other)).tanh_()
            by_pathway = torch.exp(tanh, out=weight).view(len(cell), *present.shape)  # (rows, pathways, slots)
            slope = gradient[rows] / (by_pathway.sum(2) - empty)
            torch.index_select(slots, 0, cell, out=other)
            other.view_as(by_pathway).sub_(out[rows][..., None]).mul_(slope[..., None])
            weight.mul_(other)
            weight.addcmul_(weight, tanh.square_(), value=-1)
            of_score.index_add_(0, cell, weight)
            of_steer.index_add_(0, drug, weight)
        there = present.flatten()
        return None, of_score.mul_(there), of_steer.mul_(there), None, None, None


def padded(x: Tensor, columns: Tensor) -> Tensor:
    """Columns of x, and zeros where the column is -1."""
    return torch.cat([x, x.new_zeros(len(x), 1)], 1).index_select(1, torch.where(columns < 0, x.shape[1], columns))


def keras_norm(features: int) -> CountedBatchNorm:
    return CountedBatchNorm(features, eps=1e-3, momentum=0.01)


class DenseNorm(nn.Module):
    """Dense, batch norm, ReLU; several of them."""

    def __init__(self, features: int, layers: Sequence[int]) -> None:
        super().__init__()
        widths = [features, *layers]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(keras_norm(width) for width in layers)

    def forward(self, x: Tensor, count: Tensor) -> Tensor:
        for dense, norm in zip(self.dense, self.norms, strict=True):
            x = F.relu(norm(dense(x), count))
        return x


class Hidra(PairModel):
    settings_type = Settings
    input_kinds = (Pathways,)

    def __init__(self, settings: Settings, sets: Sequence[Sequence[int]], bits: int = 512) -> None:
        super().__init__()
        pathways, over_width = len(sets), len(sets) // 16 + 1  # 12 for 186 pathways
        self.drug = DenseNorm(bits, settings.drug_layers)
        self.attention = DenseNorm(bits, settings.attention_layers)
        self.over_steer = DenseNorm(settings.attention_layers[-1], [over_width])
        self.over = PairDense(pathways, over_width, pathways)
        self.pooled_norm, self.weighted_norm = keras_norm(pathways), keras_norm(pathways)
        self.head = PairDense(pathways, settings.drug_layers[-1], settings.head)
        self.head_norm, self.out = keras_norm(settings.head), nn.Linear(settings.head, 1)
        self.genes = PathwayAttention(sets, settings.attention_layers[-1])
        keras_init(self)
        self.genes.init_steering()

    @staticmethod
    def inputs(job: Job, settings: Settings):  # noqa: ARG004
        bits = Numbers.fit(job, "drug", ["ecfp4", "smiles:ecfp4"], standardise=False)
        return [Pathways.fit(job)], [bits]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):
        return cls(settings, cell_inputs[0].sets, len(drug_inputs[0].columns))

    @property
    def parameter_count(self) -> int:
        """Without the padding of the blocks."""
        sizes = self.genes.sizes
        stored = sum(p.numel() for group in (self.genes.of_genes, self.genes.of_drug, self.genes.bias) for p in group)
        return super().parameter_count - stored + sum(n * (n + steering_width(n) + 1) for n in sizes)

    def cells(self, features, count: Tensor) -> State:  # noqa: ARG002
        slots, scores = self.genes.genes(features[0])  # (cells, slots) of each block, twice
        return (*slots, *scores)

    def drugs(self, features, count: Tensor) -> State:
        attention = self.attention(features[0], count)  # (drugs, 32)
        over = self.over.drug(self.over_steer(attention, count))  # (drugs, 186)
        return *self.genes.drug(attention, count), over, self.head.drug(self.drug(features[0], count))

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        *steer, over, head = drug
        over, head = gather(over, drug_of), gather(head, drug_of)
        s = F.relu(self.pooled_norm(self.genes.pool(cell, tuple(steer), cell_of, drug_of)))  # (rows, 186)
        weight = (self.over.cell(s) + over).tanh().softmax(1)
        v = F.relu(self.weighted_norm(s * weight))
        h = F.relu(self.head_norm(self.head.cell(v) + head))  # (rows, 128)
        return self.out(h).squeeze(1)


train, infer = stages(Hidra)

if __name__ == "__main__":
    main(train, infer)
