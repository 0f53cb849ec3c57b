"""From boxes of predictions to what may be told: what the library says of the opened answers, up to the rounding."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from django.db import connection
from scipy import stats

from evaluator.agent.uploads import UploadError
from evaluator.scorecard.card import score_card
from evaluator.scorecard.uncertain import REAL
from evaluator.scoring.metrics import Metric
from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from leaderboard.models import Opening, SealedScore, SealedStudy, Stage
from leaderboard.publishing.predictions import DeliveryError
from leaderboard.sealed import opening, outlet, scoring
from leaderboard.sealed.design import sealed_design
from leaderboard.sealed.scoring import score
from leaderboard.sealed.vault import Vault
from leaderboard.states import StudyState
from tests.site.sealed.conftest import REPLICATES, Maker

pytestmark = pytest.mark.django_db


def released(evaluation):
    outlet.publish(SealedStudy.objects.get(pk=evaluation.study_id))
    return SealedScore.objects.get(evaluation=evaluation).released


@pytest.fixture
def opened_design(study, vault, storage, track):
    asked = opening.asked(study, storage)
    opened = opening.answers(study, asked.facts, opening.Signed("the test", "compare"), vault=vault, storage=storage)
    return sealed_design(track, asked, opened)


def test_a_sealed_score_is_what_the_library_says_of_the_opened_answers(study, deliver, vault, hidden, opened_design):
    predict = Maker(hidden)
    evaluation = deliver(study, predict)
    score(evaluation.pk)
    card = score_card(
        opened_design,
        lambda _, entry: predict(entry.source, entry.split),
        arms=(REAL,),
        metrics=(Metric.R2,),
        seed=vault.seed(study.study_id),
        replicates=REPLICATES,
    )
    expected = card.uncertain.matrices["real"][Metric.R2].g
    told = released(evaluation)["sources"]
    assert set(told) == set(opened_design.sources)
    for (source, _), interval in expected.items():
        for name in ("estimate", "low", "high"):
            error = interval.standard_error.value  # rounded to steps of at most 2.5 of them
            assert told[source][name] == pytest.approx(getattr(interval, name).value, abs=error * 1.25)


def test_the_opened_rows_are_the_curators_new_cells_and_drugs_among_them(opened_design, hidden):
    rows = opened_design.release.study("sealed")
    release = opened_design.release
    assert [release.cells[code] for code in rows.cell] == hidden.cells
    assert [release.drugs[code] for code in rows.drug] == hidden.drugs
    assert rows.row_id.tolist() == hidden.row_id.tolist()
    assert rows.response.tolist() == hidden.response.tolist()
    new_drug = len(hidden.release.drugs)
    assert opened_design.mechanism_sets["EGFR inhibitor"][-1] == new_drug


@pytest.mark.parametrize(
    ("declared", "flags"),
    [
        ({}, (True, True)),
        ({"pretraining": "PubMed"}, (False, False)),
        ({"pretraining": "PubMed", "pretrained_until": date(2098, 12, 31)}, (True, True)),
        ({"pretraining": "PubMed", "pretrained_until": date(2099, 1, 1)}, (False, True)),
    ],
)
def test_what_a_version_declares_of_its_pretraining_decides_whether_it_is_prospective(bring, deliver, declared, flags):
    study = bring(said={"measured_at": date(2099, 1, 1), "readable_at": date(2099, 2, 1)})
    evaluation = deliver(study, **declared)
    score(evaluation.pk)
    told = SealedScore.objects.get(evaluation=evaluation)
    assert (told.is_prospective, told.is_blind) == flags


def test_answers_that_are_no_improve_auc_are_ranked_within_drug_alone(bring, deliver, hidden, vault):
    study = bring(said={"dose_low_m": 1e-9})
    predict = Maker(hidden)
    evaluation = deliver(study, predict)
    score(evaluation.pk)
    told = released(evaluation)
    assert told["metric"] == "within drug pearson"
    drug = np.array(hidden.drugs)
    for source, interval in told["sources"].items():
        per_split = [
            np.mean([
                stats.pearsonr(hidden.response[drug == one], predict(source, split)[drug == one]).statistic
                for one in dict.fromkeys(hidden.drugs)
            ])
            for split in (0, 1)
        ]  # fmt: skip
        error = vault.kept(study.study_id, evaluation.pk).whole["sources"][source]["standard_error"]
        assert interval["estimate"] == pytest.approx(np.mean(per_split), abs=error * 1.25 + 1e-3)


def test_each_opening_is_written_before_the_answers_are_opened(study, deliver, monkeypatch):
    evaluation = deliver(study)
    monkeypatch.setattr(Vault, "opening_key", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(evaluation.pk)
    row = Opening.objects.get()
    assert (row.study, row.evaluation) == (study, evaluation)
    assert row.why == f"score {evaluation.submission}"
    assert row.who.startswith("scorer ")


def test_nothing_is_opened_inside_of_a_transaction(study, vault, storage, transactional_db):
    from django.db import transaction

    said = opening.asked(study, storage).facts
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        opening.answers(study, said, opening.Signed("somebody", "curious"), vault=vault, storage=storage)


def test_a_score_is_made_once_however_often_it_is_asked_for(study, deliver):
    evaluation = deliver(study)
    score(evaluation.pk)
    before = released(evaluation)
    score(evaluation.pk)
    assert released(evaluation) == before
    assert Opening.objects.count() == SealedScore.objects.count() == 1


def test_a_scorer_that_was_killed_before_its_row_goes_on_from_what_it_kept(study, deliver, monkeypatch):
    evaluation = deliver(study)
    monkeypatch.setattr("leaderboard.sealed.scoring.SealedScore.objects.get_or_create", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(evaluation.pk)
    monkeypatch.undo()
    monkeypatch.setattr("leaderboard.sealed.scoring.scored", lambda *_, **__: 1 / 0)  # is not asked for again
    score(evaluation.pk)
    evaluation.refresh_from_db()
    assert evaluation.finished_at is not None
    assert Opening.objects.count() == SealedScore.objects.count() == 1


def test_what_the_scorers_folder_lost_is_computed_again_and_comes_out_the_same(study, deliver, vault):
    first, second = deliver(study), deliver(study)
    score(first.pk)
    before = released(first)["sources"]
    for file in (vault.draws / study.study_id).glob(f"{first.pk}.*"):
        file.unlink()
    score(second.pk)
    assert released(first)["sources"] == before
    assert Opening.objects.filter(evaluation=first).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_scorers_at_once_make_one_score(study, deliver, monkeypatch):
    evaluation = deliver(study)
    meeting = threading.Barrier(2, timeout=60)
    compute = scoring.scored

    def met(*arguments, **named):
        meeting.wait()
        return compute(*arguments, **named)

    monkeypatch.setattr(scoring, "scored", met)

    def scorer():
        score(evaluation.pk)
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(scorer) for _ in range(2)]:
            done.result()
    assert SealedScore.objects.count() == 1
    assert Opening.objects.count() == 2  # it was opened twice, and that is what it says


@pytest.mark.parametrize("state", [StudyState.DRAFT, StudyState.FROZEN, StudyState.RETIRED, StudyState.RELEASED])
def test_nothing_is_scored_on_a_study_that_is_not_sealed_or_live(bring, deliver, state):
    score(deliver(bring(state=state)).pk)
    assert not SealedScore.objects.exists()
    assert not Opening.objects.exists()


def test_nothing_is_scored_before_all_runs_are_done(study, deliver):
    score(deliver(study, done=False).pk)
    assert not Opening.objects.exists()


def spoiled(evaluation, storage, content):
    stage = Stage.objects.filter(attempt__run__evaluation=evaluation).first()
    storage.write(f"attempts/{stage.attempt_id.hex}/infer-sealed/predictions.f4.sealed", content)


def test_a_box_that_is_not_what_its_manifest_says_is_ours_to_mend_and_opens_nothing(study, deliver, storage):
    evaluation = deliver(study)
    spoiled(evaluation, storage, b"\0" * 848)
    with pytest.raises(UploadError, match="not what its manifest says"):
        score(evaluation.pk)
    assert not Opening.objects.exists()


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda values: values[:-1], DeliveryError, "bytes"),
        (lambda values: np.append(values, 0), UploadError, "larger"),
        (lambda values: np.append(values[:-1], np.nan), DeliveryError, "not finite"),
    ],
)
def test_predictions_of_another_length_or_not_finite_open_nothing(study, deliver, hidden, change, error, sentence):
    made = Maker(hidden)
    evaluation = deliver(study, lambda *at: change(made(*at)))
    with pytest.raises(error, match=sentence):
        score(evaluation.pk)
    assert not Opening.objects.exists()


def test_predictions_in_a_box_for_somebody_else_open_nothing(study, deliver, tmp_path):
    stranger = keys.make(tmp_path / "stranger").sealing
    with pytest.raises(SealingError, match="opens with none"):
        score(deliver(study, seal_to=stranger).pk)
    assert not Opening.objects.exists()


def test_predictions_that_were_sealed_before_a_rotation_still_open(study, deliver, vault):
    evaluation = deliver(study)
    keys.rotate(vault.keys)
    score(evaluation.pk)
    assert SealedScore.objects.count() == 1


def test_a_run_that_was_not_delivered_is_no_part_of_a_score(study, deliver):
    evaluation = deliver(study)
    Stage.objects.last().delete()
    with pytest.raises(DeliveryError, match="was not delivered"):
        score(evaluation.pk)


def test_answers_of_other_rows_than_were_asked_about_are_refused(bring, deliver, hidden, vault, storage, track):
    study = bring()
    asked = opening.asked(study, storage)
    opened = opening.answers(study, asked.facts, opening.Signed("the test", "swap"), vault=vault, storage=storage)
    with pytest.raises(SealingError, match="not those of the rows that"):
        sealed_design(track, asked, replace(opened, row_id=opened.row_id + 1))


def test_constant_predictions_are_undefined_and_say_nothing_of_why(bring, deliver, hidden):
    study = bring(said={"dose_low_m": 1e-9})
    evaluation = deliver(study, lambda *_: np.full(len(hidden), 0.5, np.float32))
    score(evaluation.pk)
    told = released(evaluation)["sources"].values()
    assert all(one["estimate"] == {"undefined": "not defined on this study"} for one in told)
