"""A spec of a study to seal: what is missing, unknown or impossible in it is said by its name."""

from pathlib import Path

import pytest

from benchmark_data.errors import ReleaseError
from benchmark_data.study_spec import parse_study_spec, read_study_spec
from evaluator.sealing.comparable import comparability
from tests.sealing.builders import make_facts, make_spec


@pytest.fixture
def text(tmp_path):
    return make_spec(tmp_path / "tables").read_text()


def test_a_spec_is_read_as_it_is_written(tmp_path):
    spec = read_study_spec(make_spec(tmp_path / "tables"))
    assert (spec.name, spec.screen.file, spec.screen.cell_id) == ("Hidden", "screen.tsv", "cell_id")
    assert (spec.measured_at.isoformat(), spec.dose_high_m) == ("2026-01-02", 1e-4)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('name = "Hidden"', 'name = "../up"', "'../up' is not a name"),
        ('version = "1"', 'version = ""', "'' is not a name"),
        ('name = "Hidden"\n', "", "name is missing"),
        ("measured_at = 2026-01-02\n", "", "measured_at is missing"),
        ("measured_at = 2026-01-02", 'measured_at = "2026-01-02"', "measured_at is '2026-01-02'; a date is wanted"),
        ("measured_at = 2026-01-02", "measured_at = 2026-04-02", r"readable_at \(2026-03-04\) is before measured_at"),
        ('producer = "Example Lab"', 'producer = " "', "producer is empty; say who measured the answers"),
        ('licence = "none yet"', 'licence = ""', "licence is empty"),
        ("dose_low_m = 1e-10", "dose_low_m = 0.0001", r"dose_low_m \(0.0001\) is not below dose_high_m"),
        ("dose_high_m = 0.0001", "dose_high_m = 100", "dose_high_m is 100; it is in mol/l, and 1 µM is 1e-6"),
        ("dose_low_m = 1e-10", "dose_low_m = nan", "dose_low_m is nan; it is in mol/l"),
        ("dose_low_m = 1e-10\n", "", "are given together, or neither is"),
        ("curve_fit", "curvefit", "curvefit is not a known key; did you mean curve_fit"),
        ("file = \"screen.tsv\"", "file = \"screen.tsv\"\nrow_id = \"id\"", "screen.row_id is not a known key"),
        ("smiles = \"smiles\"\n", "", "computed tables need drugs.smiles"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_in_a_spec_is_said(text, old, new, what):
    assert old in text
    with pytest.raises(ReleaseError, match=what):
        parse_study_spec(text.replace(old, new))


@pytest.mark.parametrize(
    ("content", "what"), [(b"= 1", "is not TOML"), (b"\xff", "is not TOML"), (b"x = 1", "x is not")]
)
def test_a_file_that_is_no_spec_is_named(tmp_path, content, what):
    (tmp_path / "spec.toml").write_bytes(content)
    with pytest.raises(ReleaseError, match=f"spec .*spec.toml.* {what}"):
        read_study_spec(tmp_path / "spec.toml")


def test_a_spec_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ReleaseError, match="cannot be read"):
        read_study_spec(tmp_path / "spec.toml")


def test_the_spec_in_the_documentation_is_one():
    text = (Path(__file__).parents[2] / "docs" / "curators.md").read_text(encoding="utf-8")
    spec = parse_study_spec(text.split("```toml\n")[1].split("```")[0])
    assert comparability(make_facts(quality_filter=spec.quality_filter)).is_comparable
    assert spec.screen.where == {"plate_ok": "yes"}
