"""Scores by stratum, mechanism and drug: computed here once more from the rows, and undefined where they should be."""

import json

import numpy as np
import pytest

from benchmark_data.manifest import Scheme
from evaluator.arms import Arm
from evaluator.baselines import Baseline
from evaluator.scorecard.breakdown import DRUG_MEAN, breakdowns
from evaluator.scorecard.card import score_card
from evaluator.scorecard.design import Entry, whole_design
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.points import By, PartScores, score_all
from evaluator.scoring.metrics import Column, Metric
from evaluator.scoring.truth import CODE, Why

REAL, PERMUTED = Arm.parse("real"), Arm.parse("intradrug")


@pytest.fixture(scope="module")
def made(design, read):
    return breakdowns(
        design, {str(arm): score_all(design, lambda e, arm=arm: read(arm, e)) for arm in (REAL, PERMUTED)}
    )


def rows_of(design, entry, drug):
    rows = design.rows(entry)
    return rows, rows.drug == design.release.drugs.index(drug)


@pytest.mark.parametrize("target", ["SynthA", "SynthB"])
def test_a_drug_has_the_mean_over_splits_of_its_correlation_and_of_the_drug_averages_error(design, read, made, target):
    found = made[By.DRUG]["SynthA", target]
    for place, drug in enumerate(found.parts[:4]):
        correlations, errors, n_rows = [], [], 0
        for split in design.splits:
            entry = Entry("SynthA", split, target)
            rows, mine = rows_of(design, entry, drug)
            correlations.append(np.corrcoef(read(REAL, entry)[mine], rows.response[mine])[0, 1])
            average = design.baselines("SynthA", split).predict(Baseline.DRUG_MEAN, rows.cell, rows.drug)
            errors.append(np.sqrt(np.mean((average - rows.response)[mine] ** 2)))
            n_rows += int(mine.sum())
        assert found.columns["real"][Metric.PEARSON].value[place] == pytest.approx(np.mean(correlations), abs=1e-6)
        assert found.columns[DRUG_MEAN][Metric.RMSE].value[place] == pytest.approx(np.mean(errors), abs=1e-9)
        assert (found.n_rows[place], found.n_splits[place], found.n_drugs[place]) == (n_rows, 3, 1)


def test_every_row_is_in_one_drug_and_in_three_strata(design, made):
    for (source, target), found in made[By.DRUG].items():
        total = sum(len(design.rows(Entry(source, split, target))) for split in design.splits)
        assert found.n_rows.sum() == total
        assert made[By.STRATUM][source, target].n_rows.sum() == 3 * total


def test_a_mechanism_holds_the_drugs_that_the_release_says(design, made):
    found = made[By.MECHANISM]["SynthA", "SynthB"]
    tested = {design.release.drugs[code] for code in np.unique(design.rows(Entry("SynthA", 0, "SynthB")).drug)}
    for part, n_drugs in zip(found.parts, found.n_drugs, strict=True):
        assert n_drugs == len({design.release.drugs[code] for code in design.mechanism_sets[part]} & tested)


def test_the_permuted_arm_has_columns_of_its_own(made):
    found = made[By.DRUG]["SynthA", "SynthB"].columns
    assert set(found) == {"real", "intradrug", DRUG_MEAN}
    assert (found["real"][Metric.RMSE].value < found["intradrug"][Metric.RMSE].value).all()


def test_where_drugs_are_new_each_counts_in_the_splits_that_ask_for_it(tiny, read):
    blind = whole_design(tiny, scheme=Scheme.DRUG_BLIND, splits=(0, 1, 2))
    effects = {}
    for entry in blind.entries():
        rows = blind.rows(entry)
        effects[entry] = (rows.response * 0.5).astype(np.float32)
    found = breakdowns(blind, {"real": score_all(blind, effects.get)})[By.DRUG]["SynthA", "SynthA"]
    asked = [
        {tiny.drugs[code] for code in np.unique(blind.rows(Entry("SynthA", split, "SynthA")).drug)}
        for split in (0, 1, 2)
    ]
    assert found.n_splits.tolist() == [sum(drug in one for one in asked) for drug in found.parts]
    assert 1 in found.n_splits
    assert found.columns["real"][Metric.PEARSON].value == pytest.approx(1.0)


def test_a_prediction_that_is_constant_for_a_drug_in_one_split_leaves_it_undefined(design, read):
    drug = design.release.drugs[0]

    def flat(entry):
        prediction = read(REAL, entry).copy()
        if entry.split == 1:
            prediction[rows_of(design, entry, drug)[1]] = 0.5
        return prediction

    column = breakdowns(design, {"real": score_all(design, flat)})[By.DRUG]["SynthB", "SynthA"].columns["real"]
    assert column[Metric.PEARSON].number(0).reason == Why.CONSTANT_PREDICTION
    assert column[Metric.PEARSON].number(1).is_defined
    assert column[Metric.RMSE].number(0).is_defined


def part(codes, values, why=None):
    column = Column.of(np.array(values, dtype=float), np.array(why or [0] * len(codes), dtype=np.uint8))
    n = np.full(len(codes), 2)
    return PartScores(np.array(codes), n, n, dict.fromkeys(Metric, column), column)


def test_the_answers_alone_decide_which_splits_count():
    """Part 1: .2 and .4 in two splits. Part 2: .3, and no correlation as its answers are equal. Part 3: equal alone."""
    from evaluator.scorecard.breakdown import _breakdown

    equal = CODE[Why.CONSTANT_TRUTH]
    splits = [part([1, 2, 3], [0.2, 0.3, np.nan], [0, 0, equal]), part([1, 2], [0.4, np.nan], [0, equal])]
    column = _breakdown({"real": splits}, ["a", "b", "c", "d"]).columns["real"][Metric.PEARSON]
    assert column.value == pytest.approx([0.3, 0.3, np.nan], nan_ok=True)
    assert column.number(2).reason == Why.CONSTANT_TRUTH


def test_an_arm_that_lacks_a_file_of_an_entry_has_no_columns_there(design, read):
    def incomplete(entry):
        return None if entry == Entry("SynthA", 1, "SynthB") else read(REAL, entry)

    found = breakdowns(design, {"real": score_all(design, incomplete)})
    assert ("SynthA", "SynthB") not in found[By.DRUG]
    assert ("SynthA", "SynthA") in found[By.DRUG]


def test_as_json_an_undefined_score_is_null_and_its_reason_stands_once(design, read):
    def flat(_arm, entry):
        return np.full(len(design.rows(entry)), 0.5, dtype=np.float32)

    card = score_card(design, flat, arms=(REAL,), replicates=0)
    first = json.loads(json.dumps(plain_card(card), allow_nan=False))["breakdowns"]["drug"][0]
    pearson = first["columns"]["real"]["pearson"]
    assert pearson["values"] == [None] * len(first["parts"])
    assert pearson["undefined"] == {"the predictions are constant": list(range(len(first["parts"])))}
    assert "undefined" not in first["columns"]["real"]["rmse"]
