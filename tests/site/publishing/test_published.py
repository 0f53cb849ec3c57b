"""Scores of others, as published: figures that were checked before, and strangers' tables refused in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from evaluator.contract.errors import ContractError
from leaderboard.models import PublishedBoard
from leaderboard.publishing.published import import_table
from leaderboard.reads.published import published_boards, published_matrices, published_metrics

pytestmark = pytest.mark.django_db
FIGURES = json.loads((Path(__file__).parents[2] / "published" / "figures.json").read_text())
ABOUT = 'title = "A table"\ncitation = "Somebody (2025)."\nurl = "https://example.org/"\n'
LINES = "met,split,value,src,trg,model\nr2,0,0.5,A,A,one\nr2,0,0.25,A,B,one\nr2,0,nan,B,A,one\nr2,0,0.5,B,B,one\n"


@pytest.fixture
def shipped():
    call_command("import_published", verbosity=0)
    return published_boards().get()


@pytest.fixture
def written(tmp_path):
    def write(lines=LINES, about=ABOUT, name="a-table"):
        (tmp_path / f"{name}.csv").write_text(lines)
        if about is not None:
            (tmp_path / f"{name}.toml").write_text(about)
        return tmp_path / f"{name}.csv"

    return write


def test_the_shipped_scores_give_the_published_matrices(shipped):
    """Ga, Gna and Gn of the authors' repository, exactly."""
    found = published_matrices(shipped, "r2").models
    assert sorted(found) == sorted(FIGURES["Ga"])
    for model, matrices in found.items():
        assert list(matrices.order) == FIGURES["order"]
        np.testing.assert_allclose(matrices.ga, FIGURES["Ga"][model], rtol=0, atol=1e-12)
        np.testing.assert_allclose(matrices.gna, FIGURES["Gna"][model], rtol=0, atol=1e-12)
        np.testing.assert_allclose(matrices.gn, FIGURES["Gn"][model], rtol=0, atol=1e-12)


def test_the_shipped_scores_say_whose_they_are(shipped):
    assert "Partin" in shipped.citation
    assert shipped.url.startswith("https://github.com/adpartin/")
    assert published_metrics(shipped) == ["mse", "pcc", "r2", "rmse", "scc"]


def test_importing_again_replaces_what_was_there(written):
    import_table(written())
    board = import_table(written(LINES.replace("0.25", "0.125"), ABOUT.replace("A table", "Another title")))
    assert PublishedBoard.objects.get().title == "Another title"
    assert sorted(board.scores.values_list("value", flat=True)) == [0.125, 0.5, 0.5]


def test_an_undefined_score_leaves_what_needs_it_undefined(written):
    found = published_matrices(import_table(written()), "r2").models["one"]
    assert found.g[0].tolist() == [0.5, 0.25]
    assert found.gn[0, 1] == 0.5
    assert np.isnan(found.ga[1])
    assert found.reasons["Ga[B]"] == "G[B,A] is undefined"


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (None, "it is missing"),
        ("title = ", "not TOML"),
        (ABOUT + "note = 3\n", "note"),
        (ABOUT + 'licence = "x"\n', "not a key"),
        (ABOUT.replace('"Somebody (2025)."', '" "'), "citation"),
        (ABOUT.replace("https://example.org/", "javascript:alert(1)"), "url"),
    ],
)
def test_a_table_that_does_not_say_whose_it_is_is_refused(written, about, sentence):
    with pytest.raises(ContractError, match=sentence):
        import_table(written(about=about))
    assert not PublishedBoard.objects.exists()


def test_a_damaged_table_is_refused_and_leaves_the_board_as_it_was(written):
    import_table(written())
    with pytest.raises(CommandError, match="row 1"):
        call_command("import_published", str(written(LINES.replace("0.5", "much", 1))))
    assert PublishedBoard.objects.get().scores.count() == 3
