"""Every model has a card and an image, and what a card counts is right."""

import re
from pathlib import Path

import pytest

from reference_models import deepcdr, deepttc, graphdrp, tcnns, two_arm, uno, xgdp

FOLDER = Path(__file__).parents[2] / "reference_models"
SHARED = {"job", "pairs", "features", "molecules", "molecule_inputs", "graphs", "neural", "training", "__init__"}
DEEPCDR_TABLES = {"mutation": 34_673, "expression": 697, "methylation": 808}
MODELS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_a_card_with_its_sections(name):
    card = (FOLDER / "cards" / f"{name}.md").read_text()
    for section in ("**Cite.**", "**Inputs**", "**Where it differs from the original, and why**", "**Parameters:**"):
        assert section in card


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_an_image_that_runs_it(name):
    recipe = (FOLDER / "Dockerfile").read_text()
    image = re.search(rf" AS {name}\n(.*?)(?=\nFROM|\Z)", recipe, re.DOTALL)
    assert f"reference_models.{name}" in image[1]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("uno", lambda: uno.Uno(uno.Settings(), 30_805, 1_613)),
        ("graphdrp", lambda: graphdrp.GraphDRP(graphdrp.Settings(), 958)),
        ("tcnns", lambda: tcnns.Tcnns(tcnns.Settings(), 735, 28, 188)),
        ("two_arm", lambda: two_arm.TwoArm(two_arm.Settings(), 15_000, 2_048)),
        ("deepttc", lambda: deepttc.DeepTTC(deepttc.Settings(), 958)),
        ("xgdp", lambda: xgdp.Xgdp(xgdp.Settings(), 958)),
        ("xgdp", lambda: xgdp.Xgdp(xgdp.Settings(convolution="gat"), 958)),
        (
            "deepcdr",
            lambda: deepcdr.DeepCDR(
                deepcdr.Settings(), {"mutation": 34_673, "expression": 697, "methylation": 808}, 100
            ),
        ),
    ],
)
def test_the_parameters_that_a_card_counts_are_the_models(name, model):
    assert f"{model().parameter_count:,}" in (FOLDER / "cards" / f"{name}.md").read_text()
