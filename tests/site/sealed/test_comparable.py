"""By what models are ranked on answers of one kind and another."""

from dataclasses import replace

import pytest

from benchmark_data.study_facts import parse_study
from evaluator.scoring.metrics import Metric
from evaluator.sealing import keys
from leaderboard.sealed.comparable import ranking
from tests.site.sealed.conftest import write_bundle


@pytest.fixture
def facts(tmp_path, hidden):
    write_bundle(tmp_path / "bundle", hidden, keys.new(keys.Kind.SEALING).public)
    return parse_study((tmp_path / "bundle" / "study.toml").read_bytes())[0]


def test_improves_auc_is_ranked_by_the_tracks_own_metric(facts):
    found = ranking(facts, Metric.RMSE)
    assert (found.name, found.higher_is_better) == ("rmse", False)


def test_other_answers_are_ranked_within_drug_and_it_says_why(facts):
    found = ranking(replace(facts, dose_low_m=1e-9), Metric.RMSE)
    assert (found.name, found.higher_is_better) == ("within drug pearson", True)
    assert "1e-09" in found.why
