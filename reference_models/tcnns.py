"""tCNNS: mutations and copy-number segments, and one-hot SMILES, each through three 1-D convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from reference_models.features import Numbers
from reference_models.job import Job, JobError, log, main
from reference_models.molecule_inputs import Tokens
from reference_models.neural import PairDense, PairModel, Recipe, State, gather
from reference_models.training import stages


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 200
    batch: int = 100
    learning_rate: float = 1e-4
    patience: int = 30
    channels: tuple[int, ...] = (40, 80, 60)
    kernel: int = 7
    head: int = 1024
    dropout: float = 0.5


def same_pool(x: Tensor) -> Tensor:
    """Max pool of 3 as TensorFlow pads it: what the length lacks of a multiple of 3 is shared between both ends."""
    lacking = -x.shape[-1] % 3
    return F.max_pool1d(F.pad(x, (lacking // 2, lacking - lacking // 2), value=-torch.inf), 3)


class Convolutions(nn.Module):
    def __init__(self, rows: int, settings: Settings) -> None:
        super().__init__()
        widths = [rows, *settings.channels]
        self.layers = nn.ModuleList(nn.Conv1d(a, b, settings.kernel, padding="same") for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = same_pool(F.relu(layer(x)))
        return x.flatten(1)

    @staticmethod
    def pooled(length: int, layers: int) -> int:
        for _ in range(layers):
            length = -(-length // 3)
        return length


class Tcnns(PairModel):
    settings_type = Settings
    input_kinds = (Tokens,)

    def __init__(self, settings: Settings, alterations: int, alphabet: int, length: int) -> None:
        super().__init__()
        self.cell, self.drug = Convolutions(1, settings), Convolutions(alphabet, settings)
        sides = [settings.channels[-1] * Convolutions.pooled(n, len(settings.channels)) for n in (alterations, length)]
        self.first = PairDense(*sides, settings.head)
        self.second, self.out = nn.Linear(settings.head, settings.head), nn.Linear(settings.head, 1)
        self.dropout = nn.Dropout(settings.dropout)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.constant_(parameter, 0.1)
            else:
                nn.init.trunc_normal_(parameter, std=0.1, a=-0.2, b=0.2)

    @staticmethod
    def inputs(job: Job, settings: Settings):  # noqa: ARG004
        """The original's 735 columns are 310 mutations and 425 copy-number segments; ours are what the tables have."""
        names = [name for name in ("mutation", "copy_number") if job.has("cell", name)]
        if not names:
            raise JobError("tcnns needs cell table mutation or copy_number, and the release has neither.")
        if len(names) == 1:
            log(f"of mutation and copy_number the release has {names[0]} alone: the model sees no other alterations")
        tables = [alterations(job, name) for name in names]
        return tables, [Tokens.fit(job)]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):
        tokens = drug_inputs[0]
        return cls(settings, sum(len(one.columns) for one in cell_inputs), len(tokens.alphabet), tokens.length)

    def cells(self, features: Sequence[Tensor], count: Tensor) -> State:  # noqa: ARG002
        x = torch.cat(list(features), 1).unsqueeze(1)  # (cells, 1, 735)
        return (self.first.cell(self.cell(x)),)  # (cells, 60 × 28) → (cells, 1024)

    def drugs(self, features: Sequence[Tensor], count: Tensor) -> State:  # noqa: ARG002
        return (self.first.drug(self.drug(features[0])),)  # (drugs, 28, 188) → (drugs, 60 × 7) → (drugs, 1024)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        h = self.dropout(F.relu(gather(cell[0], cell_of) + gather(drug[0], drug_of)))  # (rows, 1024)
        h = self.dropout(F.relu(self.second(h)))
        return self.out(h).squeeze(1)


def alterations(job: Job, name: str) -> Numbers:
    """A table of whole numbers goes in as it is, one of measured copy numbers is standardised."""
    counted = job.matrix("cell", name).values.dtype.kind in "uib"
    return Numbers.fit(job, "cell", [name], standardise=not counted and name == "copy_number")


train, infer = stages(Tcnns)

if __name__ == "__main__":
    main(train, infer)
