"""What RDKit says of a drug, and what is said of a SMILES that is none."""

import subprocess
import sys

import numpy as np
import pytest

from benchmark_data.chemistry import descriptors, fingerprints, unreadable
from benchmark_data.errors import ReleaseError

ASPIRIN, ETHANOL, CISPLATIN = "CC(=O)Oc1ccccc1C(=O)O", "CCO", "N[Pt](N)(Cl)Cl"


def test_a_fingerprint_has_a_bit_for_every_environment_of_an_atom():
    # Ethanol has six at radius 2: CH3, CH2, OH, then each with its neighbours, where CH2's radius 1 is already all.
    bits = fingerprints([ETHANOL, ETHANOL], radius=2, bits=2048)
    assert bits.dtype == np.uint8
    assert bits.shape == (2, 2048)
    assert bits.sum(axis=1).tolist() == [6, 6]
    assert set(np.unique(bits).tolist()) == {0, 1}


def test_a_fingerprint_does_not_depend_on_how_the_molecule_is_written():
    one, other = fingerprints([ASPIRIN, "OC(=O)c1ccccc1OC(C)=O"], radius=2, bits=512)
    assert (one == other).all()


def test_descriptors_are_those_of_the_molecule():
    names, values = descriptors([ASPIRIN])
    assert values.dtype == np.float32
    assert values[0, names.index("MolWt")] == pytest.approx(180.16, abs=0.01)  # C9H8O4
    assert values[0, names.index("NumHDonors")] == 1
    assert len(set(names)) == len(names) == values.shape[1]


def test_every_descriptor_fits_float32_even_of_a_large_molecule():
    names, values = descriptors(["C" + "C(=O)N" * 120 + "C"])
    assert np.isfinite(values).all(), names


def test_a_descriptor_that_is_not_defined_for_a_metal_is_nan_and_not_a_number():
    names, values = descriptors([CISPLATIN])
    assert np.isnan(values[0, names.index("MaxPartialCharge")])
    assert np.isfinite(values[0, names.index("MolWt")])


def test_unreadable_smiles_are_found_by_position():
    assert unreadable([ASPIRIN, "C1CC", "", "not a drug", ETHANOL]) == [1, 2, 3]


@pytest.mark.parametrize("compute", [descriptors, lambda smiles: fingerprints(smiles, radius=2, bits=64)])
def test_a_smiles_that_cannot_be_read_is_named_and_never_a_row_of_zeros(compute, capfd):
    with pytest.raises(ReleaseError, match="'C1CC' is not a SMILES"):
        compute([ASPIRIN, "C1CC"])
    assert capfd.readouterr().err == ""


def test_no_drugs_give_an_empty_table_of_the_right_width():
    assert fingerprints([], radius=2, bits=64).shape == (0, 64)
    names, values = descriptors([])
    assert values.shape == (0, len(names))


def test_rdkit_is_not_imported_to_open_a_release():
    code = "import sys, benchmark_data.release, benchmark_data.chemistry; sys.exit('rdkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
