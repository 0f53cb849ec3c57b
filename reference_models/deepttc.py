"""DeepTTC: landmark expression through an MLP, sub-words of SMILES through a transformer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from reference_models.features import landmark_expression
from reference_models.job import Job, main
from reference_models.molecule_inputs import Subwords
from reference_models.neural import PairDense, PairModel, Recipe, State, gather
from reference_models.training import stages
from reference_models.two_arm import tower


@dataclass(frozen=True, slots=True)
class Settings(Recipe):
    epochs: int = 100  # the facts name none; patience ends training long before
    batch: int = 64
    learning_rate: float = 1e-4
    patience: int = 20
    genes: int = 958
    cell_layers: tuple[int, ...] = (1024, 256, 64, 256)
    vocabulary: int = 2586
    length: int = 50
    embedding: int = 128
    transformer_layers: int = 8
    attention_heads: int = 8
    feed_forward: int = 512
    head_layers: tuple[int, ...] = (1024, 1024, 512)
    dropout: float = 0.1


class SubwordTransformer(nn.Module):
    """Word and position embedding, layer norm, dropout, the transformer's layers; the first place stands for all."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        width = settings.embedding
        self.words = nn.Embedding(settings.vocabulary + 1, width, padding_idx=0)
        self.places = nn.Embedding(settings.length, width)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(settings.dropout)
        layer = nn.TransformerEncoderLayer(
            width, settings.attention_heads, settings.feed_forward, settings.dropout, batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, settings.transformer_layers, enable_nested_tensor=False)

    def forward(self, words: Tensor) -> Tensor:
        x = self.dropout(self.norm(self.words(words) + self.places.weight))  # (drugs, 50, 128)
        padding = words == 0
        padding[:, 0] = False  # a drug of unknown sub-words alone: with every place hidden attention is undefined
        return self.layers(x, src_key_padding_mask=padding)[:, 0]  # (drugs, 128)


class DeepTTC(PairModel):
    settings_type = Settings
    input_kinds = (Subwords,)

    def __init__(self, settings: Settings, genes: int) -> None:
        super().__init__()
        self.cell = tower(genes, settings.cell_layers)
        self.drug = SubwordTransformer(settings)
        first, *rest = settings.head_layers
        self.first = PairDense(settings.cell_layers[-1], settings.embedding, first)
        widths = [first, *rest]
        self.rest = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.out = nn.Linear(widths[-1], 1)
        self.dropout = nn.Dropout(settings.dropout)

    @staticmethod
    def inputs(job: Job, settings: Settings):
        """The original's 2,586 sub-words are a published list; ours are learned the same way on the drug file."""
        subwords = Subwords.fit(job, size=settings.vocabulary, length=settings.length)
        return [landmark_expression(job, settings.genes)], [subwords]

    @classmethod
    def sized(cls, settings, cell_inputs, drug_inputs):  # noqa: ARG003
        return cls(settings, len(cell_inputs[0].columns))

    def cells(self, features, count: Tensor) -> State:  # noqa: ARG002
        return (self.first.cell(self.cell(features[0])),)  # (cells, 1024)

    def drugs(self, features, count: Tensor) -> State:  # noqa: ARG002
        """Dropout acts from the embedding on, so that in training every row passes the transformer by itself."""
        return (features[0] if self.training else self.first.drug(self.drug(features[0])),)

    def pairs(self, cell: State, drug: State, cell_of: Tensor, drug_of: Tensor) -> Tensor:
        d = gather(drug[0], drug_of)  # (rows, 50) words in training, (rows, 1024)
        if self.training:
            d = self.first.drug(self.drug(d))
        h = self.dropout(F.relu(gather(cell[0], cell_of) + d))
        for layer in self.rest:
            h = self.dropout(F.relu(layer(h)))  # (rows, 1024), (rows, 512)
        return self.out(h).squeeze(1)


train, infer = stages(DeepTTC)

if __name__ == "__main__":
    main(train, infer)
