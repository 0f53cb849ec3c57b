"""Molecular graphs on the training device, and the layers that pass messages along their bonds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from reference_models import molecules


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """Some molecules, their atoms one after the other."""

    atoms: Tensor  # (atoms, features)
    drug_of: Tensor  # (atoms,) the molecule of each atom
    source: Tensor  # (bonds,) both directions
    target: Tensor
    atom_count: Tensor  # (drugs,)

    def sum_neighbours(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x).index_add(0, self.target, x.index_select(0, self.source))

    def pool_sum(self, x: Tensor) -> Tensor:
        """(atoms, features) → (drugs, features)."""
        return x.new_zeros(len(self.atom_count), x.shape[1]).index_add(0, self.drug_of, x)

    def pool_max(self, x: Tensor) -> Tensor:
        place = self.drug_of[:, None].expand_as(x)
        return x.new_zeros(len(self.atom_count), x.shape[1]).scatter_reduce(0, place, x, "amax", include_self=False)


@dataclass(frozen=True, slots=True)
class GraphTensors:
    """All molecules; `take` makes the batch of some of them on the device, without a loop over molecules."""

    atoms: Tensor  # (all atoms, features)
    atom_count: Tensor  # (drugs,)
    first_atom: Tensor  # (drugs,)
    bonds: Tensor  # (2, all bonds), counted from the molecule's first atom
    bond_count: Tensor
    first_bond: Tensor

    @classmethod
    def of(cls, graphs: molecules.Graphs, device: torch.device) -> GraphTensors:
        atom_count, bond_count = torch.from_numpy(graphs.atom_count), torch.from_numpy(graphs.bond_count)
        tensors = (
            torch.from_numpy(graphs.atoms),
            atom_count,
            atom_count.cumsum(0) - atom_count,
            torch.from_numpy(graphs.bonds),
            bond_count,
            bond_count.cumsum(0) - bond_count,
        )
        return cls(*(tensor.to(device) for tensor in tensors))

    def take(self, drugs: Tensor) -> GraphBatch:
        atom_count, bond_count = self.atom_count[drugs], self.bond_count[drugs]
        atom, bond = spans(self.first_atom[drugs], atom_count), spans(self.first_bond[drugs], bond_count)
        drug_of = torch.repeat_interleave(torch.arange(len(drugs), device=drugs.device), atom_count)
        shift = torch.repeat_interleave(atom_count.cumsum(0) - atom_count, bond_count)
        source, target = self.bonds[:, bond] + shift
        return GraphBatch(self.atoms.index_select(0, atom), drug_of, source, target, atom_count)


def spans(start: Tensor, count: Tensor) -> Tensor:
    """start[0], start[0] + 1, … count[0] numbers, then start[1], …"""
    shift = torch.repeat_interleave(start - (count.cumsum(0) - count), count)
    return shift + torch.arange(len(shift), device=start.device)


class GCN(nn.Module):
    """D^-½ (A + I) D^-½ X W + b."""

    def __init__(self, features: int, out: int) -> None:
        super().__init__()
        self.dense = nn.Linear(features, out)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, x: Tensor, graph: GraphBatch) -> Tensor:
        scale = degree(graph, x).rsqrt()[:, None]  # (atoms, 1)
        weighted = F.linear(x, self.dense.weight) * scale
        return (weighted + graph.sum_neighbours(weighted)) * scale + self.dense.bias


class GAT(nn.Module):
    """Graph attention with self-loops; the heads stand side by side in the output."""

    def __init__(self, features: int, out: int, heads: int) -> None:
        super().__init__()
        self.dense = nn.Linear(features, heads * out, bias=False)
        self.to_source = nn.Parameter(torch.empty(heads, out))
        self.to_target = nn.Parameter(torch.empty(heads, out))
        self.bias = nn.Parameter(torch.zeros(heads * out))
        for weight in (self.dense.weight, self.to_source, self.to_target):
            nn.init.xavier_uniform_(weight)

    def forward(self, x: Tensor, graph: GraphBatch) -> Tensor:
        heads, out = self.to_source.shape
        h = self.dense(x).view(-1, heads, out)
        loops = torch.arange(len(x), device=x.device)
        source, target = torch.cat([graph.source, loops]), torch.cat([graph.target, loops])
        sent, received = (h * self.to_source).sum(-1), (h * self.to_target).sum(-1)  # (atoms, heads)
        score = F.leaky_relu(sent.index_select(0, source) + received.index_select(0, target), 0.2)  # (bonds, heads)
        # subtracting each atom's largest score changes nothing and keeps the exponential in range
        place = target[:, None].expand_as(score)
        largest = (
            score.detach().new_zeros(len(x), heads).scatter_reduce(0, place, score.detach(), "amax", include_self=False)
        )
        weight = (score - largest.index_select(0, target)).exp()
        total = weight.new_zeros(len(x), heads).index_add(0, target, weight)
        message = h.index_select(0, source) * weight[..., None]  # (bonds, heads, out)
        mixed = torch.zeros_like(h).index_add(0, target, message) / total[..., None]
        return mixed.flatten(1) + self.bias


def degree(graph: GraphBatch, x: Tensor) -> Tensor:
    """Bonds of each atom and one for itself."""
    ones = torch.ones_like(graph.target, dtype=x.dtype)
    return torch.ones(len(x), dtype=x.dtype, device=x.device).index_add(0, graph.target, ones)
