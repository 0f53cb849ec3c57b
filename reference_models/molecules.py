"""Drugs as RDKit sees them: graphs, fingerprints, descriptors, tokens; each made once per drug, never once per row."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from reference_models.job import Job, JobError, log

# fmt: off
ELEMENTS = [  # 43, and one more place for any other element
    "C", "N", "O", "S", "F", "Si", "P", "Cl", "Br", "Mg", "Na", "Ca", "Fe", "As", "Al", "I",
    "B", "V", "K", "Tl", "Yb", "Sb", "Sn", "Ag", "Pd", "Co", "Se", "Ti", "Zn", "H", "Li", "Ge",
    "Cu", "Au", "Ni", "Cd", "In", "Mn", "Zr", "Cr", "Pt", "Hg", "Pb",
]
# fmt: on
HYBRIDIZATIONS = (
    Chem.HybridizationType.SP,
    Chem.HybridizationType.SP2,
    Chem.HybridizationType.SP3,
    Chem.HybridizationType.SP3D,
    Chem.HybridizationType.SP3D2,
)


def readable_smiles(job: Job) -> dict[str, str]:
    """SMILES by drug. One that RDKit cannot read is named in the log, and its drug has no features in any model."""
    table = job.text("drug", "smiles")
    return dict(read_once(tuple(table["drug_id"].to_pylist()), tuple(table["smiles"].to_pylist())))


@cache
def read_once(drugs: tuple[str, ...], smiles: tuple[str | None, ...]) -> tuple[tuple[str, str], ...]:
    with rdBase.BlockLogs():
        unreadable = {d for d, text in zip(drugs, smiles, strict=True) if not text or Chem.MolFromSmiles(text) is None}
    if unreadable:
        log(f"RDKit cannot read the SMILES of {', '.join(sorted(unreadable))}: no model has features of such a drug")
    if len(unreadable) == len(drugs):
        raise JobError("RDKit can read no SMILES of this release.")
    return tuple((drug, text) for drug, text in zip(drugs, smiles, strict=True) if drug not in unreadable)


def fingerprints(smiles: Iterable[str], *, radius: int, bits: int) -> np.ndarray:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    return np.stack([generator.GetFingerprintAsNumPy(Chem.MolFromSmiles(text)) for text in smiles])


def descriptor_names() -> list[str]:
    """All but Ipc, which grows with the exponential of a molecule's size and leaves float32."""
    return [name for name, _ in Descriptors.descList if name != "Ipc"]


def descriptors(smiles: Iterable[str]) -> np.ndarray:
    """RDKit's 2D descriptors, (drugs, descriptors) float32; NaN where RDKit defines none."""
    functions = dict(Descriptors.descList)
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    with rdBase.BlockLogs():
        rows = [[value_or_nan(functions[name], molecule) for name in descriptor_names()] for molecule in molecules]
    values = np.array(rows, np.float64).astype(np.float32)
    return np.where(np.isfinite(values), values, np.float32(np.nan))


def value_or_nan(descriptor: Callable[[Chem.Mol], float], molecule: Chem.Mol) -> float:
    """Of `*` or H2 some divide by a number of heavy atoms that is 0."""
    try:
        return descriptor(molecule)
    except (ArithmeticError, ValueError, RuntimeError):
        return math.nan


def one_of(value: object, choices: Iterable[object]) -> list[float]:
    """One-hot; an unknown value takes the last place."""
    choices = list(choices)
    place = choices.index(value) if value in choices else len(choices) - 1
    return [float(place == i) for i in range(len(choices))]


def atom_78(atom: Chem.Atom) -> list[float]:
    """GraphDRP's atom: symbol, degree, hydrogens, implicit valence, aromatic; divided by its sum, as the original."""
    features = (
        one_of(atom.GetSymbol(), [*ELEMENTS, "Unknown"])
        + one_of(atom.GetDegree(), range(11))
        + one_of(atom.GetTotalNumHs(), range(11))
        + one_of(atom.GetValence(Chem.ValenceType.IMPLICIT), range(11))
        + [float(atom.GetIsAromatic())]
    )
    return [feature / sum(features) for feature in features]


def atom_75(atom: Chem.Atom) -> list[float]:
    """The atom of DeepChem's ConvMol, which DeepCDR uses."""
    return (
        one_of(atom.GetSymbol(), [*ELEMENTS, "Unknown"])
        + one_of(atom.GetDegree(), range(11))
        + one_of(atom.GetValence(Chem.ValenceType.IMPLICIT), range(7))
        + [float(atom.GetFormalCharge()), float(atom.GetNumRadicalElectrons())]
        + one_of(atom.GetHybridization(), HYBRIDIZATIONS)
        + [float(atom.GetIsAromatic())]
        + one_of(atom.GetTotalNumHs(), range(5))
    )


def atom_number(smiles: str) -> int:
    return Chem.MolFromSmiles(smiles).GetNumAtoms()


@dataclass(frozen=True, slots=True)
class Graphs:
    """The molecules of many drugs one after the other; bonds stand in both directions and count atoms from their
    molecule's first."""

    atoms: np.ndarray  # (all atoms, features) float32
    atom_count: np.ndarray  # (drugs,) int64
    bonds: np.ndarray  # (2, all bonds) int64
    bond_count: np.ndarray  # (drugs,) int64


def graphs(smiles: Iterable[str], atom_features: Callable[[Chem.Atom], list[float]]) -> Graphs:
    atoms, bonds, atom_count, bond_count = [], [], [], []
    for text in smiles:
        molecule = Chem.MolFromSmiles(text)
        ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
        atoms += [atom_features(atom) for atom in molecule.GetAtoms()]
        bonds += ends + [(b, a) for a, b in ends]
        atom_count.append(molecule.GetNumAtoms())
        bond_count.append(2 * len(ends))
    return Graphs(
        np.array(atoms, np.float32),
        np.array(atom_count, np.int64),
        np.array(bonds, np.int64).reshape(-1, 2).T.copy(),
        np.array(bond_count, np.int64),
    )


def tokens(smiles: str) -> list[str]:
    """tCNNS's tokens: a capital with the lower-case letters after it is one, so that the `Cc` of toluene is, too."""
    return re.findall(r"[A-Z][a-z]*|.", smiles)


def one_hot(smiles: list[str], alphabet: list[str], length: int) -> np.ndarray:
    """(drugs, alphabet, length) uint8. A token outside the alphabet leaves its column empty; what is longer is cut."""
    place = {token: i for i, token in enumerate(alphabet)}
    columns = np.zeros((len(smiles), len(alphabet), length), np.uint8)
    for drug, text in enumerate(smiles):
        for position, token in enumerate(tokens(text)[:length]):
            if token in place:
                columns[drug, place[token], position] = 1
    return columns


def learn_subwords(smiles: Iterable[str], size: int) -> list[tuple[str, str]]:
    """Byte-pair merges (ESPF's way): join the most frequent neighbours until `size` words are known or none repeats."""
    words = [list(text) for text in smiles]
    known = {symbol for word in words for symbol in word}
    merges: list[tuple[str, str]] = []
    while len(known) < size:
        pairs = Counter(pair for word in words for pair in pairwise(word))
        if not pairs or max(pairs.values()) < 2:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        known.add("".join(best))
        words = [merge(word, best) for word in words]
    return merges


def merge(word: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for symbol in word:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def subwords(smiles: str, merges: list[tuple[str, str]]) -> list[str]:
    word = list(smiles)
    for pair in merges:
        word = merge(word, pair)
    return word
