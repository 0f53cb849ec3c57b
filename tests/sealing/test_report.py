"""The validation report: known answers for what it counts, and nothing of any answer in it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmark_data.manifest import Direction, Entity, Response, Task
from benchmark_data.release import Study
from benchmark_data.sealed_ask import Asked
from benchmark_data.sealed_study import read
from evaluator.scoring.bootstrap import Resample, Way, r2, replicate
from evaluator.scoring.intervals import interval
from evaluator.scoring.pair_sums import Pairs, error_values, truth_values
from evaluator.sealing.comparable import Ranked, comparability
from evaluator.sealing.overlap import headline, overlap
from evaluator.sealing.power import OWN_ERROR, power
from evaluator.sealing.report import Level, report, rounded, sheets, validation_report
from evaluator.sealing.twins import Twin, twins
from tests.sealing.builders import make_facts, opened, seal


def grid(n_cells, n_drugs):
    """Every cell with every drug, as codes."""
    return np.repeat(np.arange(n_cells, dtype=np.int32), n_drugs), np.tile(np.arange(n_drugs, dtype=np.int32), n_cells)


def asked(cell, drug):
    cells, drugs = (
        tuple(f"{letter}{n}" for n in range(int(code.max()) + 1)) for letter, code in (("c", cell), ("d", drug))
    )
    return Asked(cells, drugs, np.arange(len(cell)), cell, drug)


def study(cell, drug, response, name="Open"):
    return Study(name, np.arange(len(cell)), cell, drug, response)


def draws(seed, n):
    return np.random.default_rng(seed).uniform(0.1, 0.9, n)


def test_a_study_made_of_a_public_one_is_called_that():
    """Twelve drugs over ten cells: nine are the public study's, to the last bit, and three are of its own."""
    cell, drug = grid(10, 12)
    public = draws(1, 120)
    hidden = np.where(drug < 9, public, draws(2, 120))
    found = overlap(asked(cell, drug), hidden, study(cell, drug, public, "CCLE"), at_bounds=(0, 1))
    assert (found.cells, found.drugs, found.pairs, found.pair_share) == (10, 12, 120, 1.0)
    assert (found.copied_drugs, found.compared_drugs, found.copied_share) == (9, 12, 0.75)
    assert headline([found]) == (
        "This study is 75% CCLE: the answers of 9 of 12 comparable drugs are near-identical there, "
        "and can be looked up."
    )


@pytest.mark.parametrize(
    "changed",
    [
        lambda y: np.round(y, 3),
        lambda y: 1 - y,
        lambda y: y**3,
        lambda y: y + np.random.default_rng(3).normal(0, 1e-4, len(y)),
        lambda y: 100 * y,
    ],
    ids=["rounded", "turned", "curved", "jittered", "percent"],
)
def test_a_copy_is_known_however_it_was_dressed(changed):
    cell, drug = grid(20, 3)
    public = draws(1, 60)
    found = overlap(asked(cell, drug), changed(public), study(cell, drug, public), at_bounds=(0, 1))
    assert found.copied_share == 1.0


def test_a_screen_that_measured_the_same_anew_is_no_copy():
    """Two screens of one truth, each with noise of its own, correlating by .9 within every drug."""
    cell, drug = grid(40, 10)
    truth = draws(1, 400)
    first, second = (truth + np.random.default_rng(seed).normal(0, 0.075, 400) for seed in (2, 3))
    found = overlap(asked(cell, drug), first, study(cell, drug, second), at_bounds=(0, 1))
    assert (found.copied_drugs, found.compared_drugs) == (0, 10)
    assert headline([found]) == "No answers of a public study were found in it, of 10 drugs that could be compared."


def test_answers_cut_off_at_a_bound_are_no_sign_of_a_copy():
    cell, drug = grid(10, 1)
    mine, other = np.ones(10), np.ones(10)
    mine[:2], other[:2] = (0.3, 0.6), (0.7, 0.2)
    found = overlap(asked(cell, drug), mine, study(cell, drug, other), at_bounds=(0, 1))
    assert found.copied_drugs == 0


def test_too_few_shared_cells_are_not_compared():
    cell, drug = grid(7, 1)
    found = overlap(asked(cell, drug), draws(1, 7), study(cell, drug, draws(2, 7)), at_bounds=())
    assert (found.compared_drugs, found.drug_means) == (0, None)
    assert headline([found]) == "No drug could be compared with a public study: none shares enough cells with it."
    assert headline([]).startswith("No drug could be compared")


def test_replicates_are_compared_by_their_mean_and_counted_by_row():
    cell, drug = grid(10, 2)
    public = draws(1, 20)
    twice = (np.concatenate([cell, cell[:1]]), np.concatenate([drug, drug[:1]]))
    found = overlap(asked(*twice), np.append(public, public[0]), study(cell, drug, public), at_bounds=())
    assert (found.pairs, found.copied_share) == (20, 1.0)


def test_drug_means_are_compared_from_five_shared_drugs_on():
    cell, drug = grid(3, 5)
    found = overlap(asked(cell, drug), drug / 10.0, study(cell, drug, 1 - drug / 10.0), at_bounds=())
    assert found.drug_means == pytest.approx(-1)
    constant = overlap(asked(cell, drug), np.full(15, 0.5), study(cell, drug, drug / 10.0), at_bounds=())
    assert constant.drug_means is None


def test_a_larger_study_can_tell_a_smaller_difference():
    found = []
    for cells, drugs in ((40, 30), (120, 90)):
        cell, drug = grid(cells, drugs)
        random = np.random.default_rng(1)
        effects = random.normal(0, 0.1, cells)[cell] + random.normal(0, 0.1, drugs)[drug]
        found.append(power(asked(cell, drug), effects + random.normal(0, 0.1, len(cell))))
    assert 0 < found[1].r2 < found[0].r2 / 1.5
    assert 0 < found[1].within_drug < found[0].within_drug / 1.5
    assert found[0].reason == ""


def test_power_is_the_same_number_every_time():
    cell, drug = grid(20, 16)
    first, second = (power(asked(cell, drug), draws(1, 320)) for _ in range(2))
    assert first.r2 == second.r2 > 0


@pytest.mark.parametrize(("cells", "drugs", "response"), [(2, 9, None), (9, 2, None), (9, 9, np.full(81, 0.5))])
def test_power_is_undefined_with_a_reason(cells, drugs, response):
    cell, drug = grid(cells, drugs)
    found = power(asked(cell, drug), draws(1, len(cell)) if response is None else response)
    assert math.isnan(found.r2) and math.isnan(found.within_drug)
    assert found.reason == "it needs at least 3 cells, 3 drugs, and answers that differ"


def test_power_says_of_what_no_difference_is_told():
    """One row a drug: nothing can be correlated within one, and four drugs tell no difference of R² reliably."""
    cell, drug = np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32)
    found = power(asked(cell, drug), np.array([0.1, 0.4, 0.2, 0.9]))
    assert math.isnan(found.r2) and math.isnan(found.within_drug)
    assert found.reason == (
        "with so few cells or drugs no difference in R² or correlation within drugs is told reliably"
    )


def test_a_difference_of_the_size_that_is_claimed_is_told_and_half_of_it_is_not():
    """On 60 other draws of cells, drugs, answers and models; that models as good as each other differ is never told."""
    cell, drug = grid(50, 30)
    spread = (0.15, 0.08, 0.1)  # of drugs, cells and pairs
    pairs = Pairs.of(cell=cell, drug=drug)
    ids = {"cell_ids": [str(n) for n in range(50)], "drug_ids": [str(n) for n in range(30)]}
    weights = Resample.of(Way.TWO_WAY, seed=1, replicates=200, **ids).at(pairs)
    told, half, false, claims = 0, 0, 0, []
    for seed in range(60):
        random = np.random.default_rng(seed)

        def parts(random=random):
            of_drug, of_cell, of_pair = (random.normal(0, sd, n) for sd, n in zip(spread, (30, 50, 1500), strict=True))
            return of_drug[drug] + of_cell[cell], of_pair

        effects, noise = parts()
        y = effects + noise
        if seed < 8:
            claims.append(power(asked(cell, drug), y).r2)
        # The total spread is that of the answers: errors k times as large cost k² of R².
        worse, less = (math.sqrt(1 + share * np.mean(claims) / OWN_ERROR**2) for share in (1, 0.5))
        truth = replicate(weights, [pairs.tables(truth_values(y, centre=y.mean()))])
        draws = []
        for factor in (1, 1, worse, less):
            predicted = effects + factor * OWN_ERROR * sum(parts())
            draws.append(r2(truth, replicate(weights, [pairs.tables(error_values(y, predicted))]))[:, 0])
        told += interval(draws[0] - draws[2], units=30).low.value > 0
        half += interval(draws[0] - draws[3], units=30).low.value > 0
        false += interval(draws[0] - draws[1], units=30).excludes_zero
    assert told / 60 >= 0.8
    assert half / 60 < 0.8
    assert false <= 3


@pytest.mark.parametrize("words", ["fit R2 >= 0.3", "fit R² ≥ .3", "curves with r^2 > 0.30", "R2 at least 0.9"])
def test_improves_auc_ranks_all_metrics(words):
    found = comparability(make_facts(quality_filter=words))
    assert (found.ranked, found.is_comparable) == (Ranked.ALL, True)
    assert "IMPROVE's AUC" in found.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dose_low_m": 1e-9}, "its doses are 1e-09 to 0.0001 mol/l, and IMPROVE's 1e-10 to 1e-4"),
        ({"dose_high_m": 1e-5}, "its doses are 1e-10 to 1e-05 mol/l"),
        ({"dose_low_m": None, "dose_high_m": None}, "its dose window is not stated"),
        ({"quality_filter": ""}, "its quality filter does not state a fit of R2 >= 0.3"),
        ({"quality_filter": "fit R2 >= 0.1"}, "takes fits from R² 0.1 on"),
        ({"response": Response("ic50", Direction.LOWER)}, "its answers are ic50, not an AUC"),
    ],
)
def test_other_answers_rank_correlations_within_a_drug_alone_and_say_why(changes, why):
    found = comparability(make_facts(**changes))
    assert found.ranked is Ranked.WITHIN_DRUG
    assert found.why.startswith("only correlations within a drug are ranked on this study: ")
    assert why in found.why


def test_classes_have_no_dose_window():
    assert comparability(make_facts(task=Task.CLASSIFICATION, quality_filter="")).is_comparable


@pytest.mark.parametrize(("value", "said"), [(0.12345, 0.12), (0.0, 0.0), (123.0, 120.0), (-0.0987, -0.099)])
def test_two_digits_are_said(value, said):
    assert rounded(value) == said


def made(response, n_cells=10, n_drugs=6, **changes):
    cell, drug = grid(n_cells, n_drugs)
    return report(Fixed(), asked(cell, drug), response, make_facts(rows=len(cell), **changes))


class Fixed:
    """A release whose one study is another screen of the same cells and drugs."""

    def study_names(self):
        return ("Open",)

    def study(self, name):
        cell, drug = grid(10, 6)
        return study(cell, drug, draws(9, 60), name)


def levels(found):
    return {(finding.about, finding.level) for finding in found.findings}


def test_a_good_study_has_nothing_that_stops_it():
    found = made(draws(1, 60))
    assert not found.stops
    assert {("range", Level.FINE), ("duplicates", Level.FINE), ("overlap", Level.FINE)} <= levels(found)
    assert {("comparability", Level.FINE), ("noise", Level.LOOK)} <= levels(found)  # no replicates


@pytest.mark.parametrize("bad", [1.5, -0.1, math.nan, math.inf])
def test_an_answer_outside_of_the_range_stops_a_study(bad):
    found = made(np.append(draws(1, 59), bad))
    assert found.stops and found.spread.outside == 1
    assert ("range", Level.STOPS) in levels(found)


def test_a_study_whose_answers_are_all_the_same_is_stopped():
    found = made(np.full(60, 0.5))
    assert ("range", Level.STOPS) in levels(found)
    assert found.power.reason and found.spread.deviation == 0


def test_a_copy_stops_a_study_and_stands_in_the_headline():
    found = made(Fixed().study("Open").response)
    assert found.headline.startswith("This study is 100% Open")
    assert ("overlap", Level.STOPS) in levels(found)


def test_a_few_copied_rows_are_for_a_person_to_look_at():
    cell, drug = grid(10, 12)
    own = draws(1, 120)
    own[drug == 0] = Fixed().study("Open").response.reshape(10, 6)[:, 0]
    found = report(Fixed(), asked(cell, drug), own, make_facts(rows=120))
    assert found.overlaps[0].copied_share == 0.083
    assert ("overlap", Level.LOOK) in levels(found) and not found.stops


def test_answers_that_run_the_other_way_are_for_a_person_to_look_at():
    cell, drug = grid(10, 6)

    class Turned(Fixed):
        def study(self, name):
            return study(cell, drug, 0.2 + drug / 10 + draws(9, 60) / 10, name)

    found = report(Turned(), asked(cell, drug), 0.9 - drug / 10 + draws(1, 60) / 20, make_facts(rows=60))
    assert ("direction", Level.LOOK) in levels(found)
    assert found.overlaps[0].drug_means == -1.0


def test_replicates_give_the_ceiling_and_equal_ones_are_named():
    cell, drug = grid(10, 6)
    own = draws(1, 60)
    twice = asked(np.concatenate([cell, cell]), np.concatenate([drug, drug]))
    found = report(Fixed(), twice, np.concatenate([own, own]), make_facts(rows=120))
    assert (found.repeats.repeated_pairs, found.repeats.equal_rows, found.ceiling.r2) == (60, 60, 1.0)
    assert ("duplicates", Level.LOOK) in levels(found) and ("noise", Level.FINE) in levels(found)
    noisy = report(Fixed(), twice, np.concatenate([own, draws(2, 60)]), make_facts(rows=120))
    assert ("noise", Level.STOPS if noisy.ceiling.r2 <= 0 else Level.FINE) in levels(noisy)
    assert ("duplicates", Level.FINE) in levels(noisy)


def test_pure_noise_stops_a_study():
    """Each pair twice, .2 and .8: no pair differs from another, so nothing can be predicted."""
    cell, drug = grid(10, 6)
    twice = asked(np.concatenate([cell, cell]), np.concatenate([drug, drug]))
    found = report(Fixed(), twice, np.repeat([0.2, 0.8], 60), make_facts(rows=120))
    assert found.ceiling.r2 < 0 and ("noise", Level.STOPS) in levels(found)


def test_classes_have_neither_ceiling_nor_power():
    found = made(np.repeat([0.0, 1.0], 30), task=Task.CLASSIFICATION)
    assert (found.ceiling.r2, found.ceiling.reason) == (None, "answers are classes, or no numbers")
    assert math.isnan(found.power.r2)


def test_a_report_is_plain_json_and_tables_of_it(bundle, release):
    found = validation_report(release, bundle, opened(bundle))
    plain = found.plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert (plain["version"], plain["rows"], plain["new_cells"], plain["stops"]) == (1, 6, 1, False)
    words = [cell for sheet in sheets(plain) for row in sheet.rows for cell in row]
    assert all(isinstance(word, str) for word in words)
    assert "Open" in words


def test_no_answer_stands_in_a_report():
    own = np.round(draws(1, 60), 6)
    text = json.dumps(made(own).plain())
    assert not [answer for answer in own.tolist() if str(answer) in text]


def test_a_known_one_under_a_new_name_is_found(tmp_path, release):
    """c5 has the expression of c2, and d3 the structure of d2's bits: only the cell equals in every table."""
    sealed = seal(tmp_path, release, expression="cell_id\tg1\tg2\tg3\nc5\t3\t4\t5\n")
    found = twins(release, read(Path(sealed.folder)))
    assert found == (Twin(Entity.CELL, "c5", "c2"),)
    plain = validation_report(release, read(Path(sealed.folder)), opened(read(Path(sealed.folder)))).plain()
    assert "new cell 'c5' has the very features of the release's 'c2': use that id" in json.dumps(plain)


def test_others_are_nobodys_twin(bundle, release):
    assert twins(release, bundle) == ()
