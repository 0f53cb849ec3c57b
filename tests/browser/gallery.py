"""A board with something to look at: models scored on the tiny release, from good to absurd, one in two versions."""

import zlib

import numpy as np
import pytest
from django.urls import reverse

from evaluator.engine.track import whole_release
from leaderboard.models import Model
from leaderboard.publishing import boards, published, releases, scoring
from tests.site.publishing.conftest import Maker, deliver, plan, storage, tiny  # noqa: F401

REFERENCES = {
    "Two-arm network": 0.34,
    "Pairwise boosting": 0.31,
    "LightGBM": 0.28,
    "GraphDRP": 0.17,
    "Elastic net": 0.05,
}


@pytest.fixture
def track(transactional_db, settings, tmp_path, tiny):  # noqa: F811
    settings.RELEASES = tmp_path / "releases"
    release = releases.load_release(tiny.folder)
    definition = whole_release(tiny).narrowed(splits=(0,))
    return releases.load_track("tiny", title="Tiny", release=release, smoke=release, definition=definition)


class Noisy(Maker):
    """Errors of its own on top, so that intervals have a width."""

    def __call__(self, arm, entry):
        found = super().__call__(arm, entry)
        seed = zlib.crc32(f"{self.share} {arm} {entry}".encode())
        return found + np.random.default_rng(seed).normal(0, 0.03, len(found)).astype(np.float32)


@pytest.fixture
def gallery(track, plan, deliver):  # noqa: F811
    """The pages that are worth a look, by the name of their picture."""
    for name, share in REFERENCES.items():
        scoring.score(deliver(Noisy(plan, share), name=name, kind="reference").pk)
    scoring.score(deliver(Noisy(plan, 0.6, luck=0.5), name="Remembers the answers").pk)
    scoring.score(deliver(lambda _arm, entry: np.full(len(plan.design.rows(entry)), 0.5), name="Always the same").pk)
    best = Model.objects.get(name="Two-arm network")
    scoring.score(deliver(Noisy(plan, 0.36), model=best).pk)
    boards.refresh()
    for table in published.shipped_tables():
        published.import_table(table)
    return {
        "home": reverse("home"),
        "boards": reverse("boards"),
        "board": reverse("board", args=[track.slug]),
        "board-more-columns": f"{reverse('board', args=[track.slug])}?column=r2&column=rmse&column=pearson&sort=-rmse",
        "board-by-target": f"{reverse('board', args=[track.slug])}?shown=targets",
        "board-sealed": f"{reverse('board', args=[track.slug])}?data=sealed",
        "model": reverse("model", args=[best.slug]),
        "model-that-remembers": reverse("model", args=[Model.objects.get(name="Remembers the answers").slug]),
        "model-undefined": reverse("model", args=[Model.objects.get(name="Always the same").slug]),
        "compare-two": f"{reverse('compare')}?track=tiny&models=two-arm-network,pairwise-boosting",
        "compare-many": f"{reverse('compare')}?track=tiny&models=two-arm-network,lightgbm,elastic-net,always-the-same",
        "drugs": reverse("model_drugs", args=[best.slug, 2]),
        "releases": reverse("releases"),
        "release": reverse("release", args=[track.release.release_id]),
        "study": reverse("study", args=[track.release.release_id, "SynthA"]),
        "how": reverse("how"),
        "statistics": reverse("how_page", args=["statistics"]),
        "status": reverse("status"),
        "published": reverse("published"),
    }
