"""Drug inputs made of SMILES: graphs, one-hot tokens, sub-words. Fitted where an alphabet has to be learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference_models import molecules
from reference_models.job import Job

ATOMS = {"graphdrp": molecules.atom_78, "deepcdr": molecules.atom_75}


@dataclass(frozen=True, slots=True)
class MoleculeGraphs:
    """Molecular graphs with the atom features of the model named."""

    atoms: str
    largest: int = 0  # atoms of the largest molecule of the drug file, for a model that pads to it

    @classmethod
    def fit(cls, job: Job, atoms: str) -> MoleculeGraphs:
        return cls(atoms, max(molecules.atom_number(text) for text in molecules.readable_smiles(job).values()))

    def ids(self, job: Job) -> list[str]:
        return list(molecules.readable_smiles(job))

    def make(self, job: Job, ids: list[str]) -> molecules.Graphs:
        smiles = molecules.readable_smiles(job)
        return molecules.graphs([smiles[drug] for drug in ids], ATOMS[self.atoms])


@dataclass(frozen=True, slots=True)
class Tokens:
    """One-hot SMILES; alphabet and length are those of the drug file at training."""

    alphabet: list[str]
    length: int

    @classmethod
    def fit(cls, job: Job) -> Tokens:
        words = [molecules.tokens(text) for text in molecules.readable_smiles(job).values()]
        return cls(sorted({token for word in words for token in word}), max(len(word) for word in words))

    def ids(self, job: Job) -> list[str]:
        return list(molecules.readable_smiles(job))

    def make(self, job: Job, ids: list[str]) -> np.ndarray:
        """(ids, alphabet, length) float32."""
        smiles = molecules.readable_smiles(job)
        return molecules.one_hot([smiles[drug] for drug in ids], self.alphabet, self.length).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Subwords:
    """Sub-words of SMILES as numbers from 1, 0 where there is none; learned on the drug file at training."""

    merges: list[tuple[str, str]]
    vocabulary: list[str]
    length: int

    @classmethod
    def fit(cls, job: Job, *, size: int, length: int) -> Subwords:
        smiles = molecules.readable_smiles(job).values()
        merges = molecules.learn_subwords(smiles, size)
        symbols = {symbol for text in smiles for symbol in text} | {a + b for a, b in merges}
        return cls(merges, sorted(symbols), length)

    def ids(self, job: Job) -> list[str]:
        return list(molecules.readable_smiles(job))

    def make(self, job: Job, ids: list[str]) -> np.ndarray:
        """(ids, length) int64; what is longer is cut, a symbol never seen in training is left out."""
        smiles, place = molecules.readable_smiles(job), {word: i + 1 for i, word in enumerate(self.vocabulary)}
        merges = [(a, b) for a, b in self.merges]
        numbers = np.zeros((len(ids), self.length), np.int64)
        for row, drug in enumerate(ids):
            known = [place[word] for word in molecules.subwords(smiles[drug], merges) if word in place]
            numbers[row, : len(known[: self.length])] = known[: self.length]
        return numbers
