"""What RDKit says of a drug: its fingerprints and its 2D descriptors.

RDKit is imported when it is first needed, so that a release is opened without it. A SMILES that RDKit cannot read is an
error that names it, never a row of zeros: ask `unreadable` first and leave those drugs out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark_data.errors import ReleaseError

# Ipc grows with the exponential of the molecule's size and leaves float32; AvgIpc is its bounded form and stays.
_LEFT_OUT = frozenset({"Ipc"})


def unreadable(smiles: Sequence[str]) -> list[int]:
    """The positions of the SMILES that stand for no molecule."""
    return [position for position, molecule in enumerate(_molecules(smiles)) if molecule is None]


def fingerprints(smiles: Sequence[str], *, radius: int, bits: int) -> NDArray[np.uint8]:
    """Morgan fingerprints folded to 0 or 1 a bit, one row a drug; ECFP4 is radius 2."""
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    rows = [generator.GetFingerprintAsNumPy(molecule) for molecule in _readable(smiles)]
    return np.array(rows, np.uint8).reshape(len(smiles), bits)


def descriptors(smiles: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The names and values of RDKit's 2D descriptors, one row a drug; NaN where RDKit defines no value (metals)."""
    from rdkit.Chem import Descriptors

    functions = {name: function for name, function in Descriptors.descList if name not in _LEFT_OUT}
    rows = [[function(molecule) for function in functions.values()] for molecule in _readable(smiles)]
    return tuple(functions), np.array(rows, np.float32).reshape(len(smiles), len(functions))


def _readable(smiles: Sequence[str]) -> Iterator[Any]:
    for text, molecule in zip(smiles, _molecules(smiles), strict=True):
        if molecule is None:
            raise ReleaseError(f"'{text}' is not a SMILES that RDKit can read: correct it or leave the drug out")
        yield molecule


def _molecules(smiles: Sequence[str]) -> Iterator[Any]:
    """A molecule each, None for what is none; RDKit's own complaints are kept off the screen."""
    from rdkit import Chem, rdBase

    for text in smiles:
        with rdBase.BlockLogs():
            molecule = Chem.MolFromSmiles(text) if text.strip() else None
        yield molecule
