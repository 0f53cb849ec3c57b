"""Reports, publications and re-encryptions of answers: each an opening with a name."""

import numpy as np
import pytest

from benchmark_data.sealed_study import read
from benchmark_data.study_facts import SEALED
from evaluator.sealing import boxes, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.released import check
from leaderboard.models import Opening, SealedStudy
from leaderboard.sealed import looking, reporting, resealing
from leaderboard.sealed.scoring import score
from leaderboard.states import StudyState

pytestmark = pytest.mark.django_db


def test_a_draft_gets_its_report_by_itself_and_once(bring):
    study = bring(state=StudyState.DRAFT)
    looking.look()
    looking.look()
    study.refresh_from_db()
    assert (study.report["rows"], study.report["new_drugs"]) == (200, 1)
    opening = Opening.objects.get()
    assert opening.who.startswith(f"person {study.uploaded_by_id}, by scorer ")
    assert opening.why == "validation report"


def test_a_report_that_is_asked_for_again_is_made_again_and_names_who_asked(study):
    reporting.report(study.pk, 77)
    reporting.report(study.pk, 78)
    assert [one.who.split(",")[0] for one in Opening.objects.order_by("pk")] == ["person 77", "person 78"]


def test_a_report_that_cannot_be_made_says_why_and_is_not_tried_for_ever(bring, storage):
    study = bring(state=StudyState.DRAFT)
    storage.write(f"sealed/{study.study_id}/query.parquet", b"nothing")
    looking.look()
    looking.look()
    study.refresh_from_db()
    assert "query.parquet" in study.report["failed"]
    assert not Opening.objects.exists()


def test_a_study_that_is_gone_has_no_report(vault):
    reporting.report(10**9, 1)
    assert not Opening.objects.exists()


def test_the_answers_of_a_released_study_are_published_and_fit_its_commitment(bring, storage, tmp_path, hidden):
    study = bring(state=StudyState.RELEASED)
    looking.look()
    looking.look()
    bundle = read(tmp_path / "bundle-0")
    found = check(bundle, tmp_path / "storage" / reporting.released_folder(study))
    assert np.array_equal(found.in_order_of(hidden.row_id), hidden.response)
    assert Opening.objects.get().why == "publish the answers of a released study"


@pytest.mark.parametrize("state", [one for one in StudyState if one != StudyState.RELEASED])
def test_no_answers_are_published_of_a_study_that_is_not_released(bring, tmp_path, state):
    study = bring(state=state)
    looking.look()
    assert not (tmp_path / "storage" / reporting.released_folder(study)).exists()


def test_after_a_rotation_answers_are_encrypted_again_and_the_old_key_opens_nothing(study, deliver, vault, tmp_path):
    old = keys.current(vault.keys, keys.Kind.SEALING)
    keys.rotate(vault.keys)
    assert resealing.reseal(study.pk, 77)
    folder = tmp_path / "storage" / "sealed" / study.study_id
    study = SealedStudy.objects.get()
    new = keys.current(vault.keys, keys.Kind.SEALING)
    assert study.key_id == new.public.id
    assert not (folder / SEALED).exists()
    with pytest.raises(SealingError):
        boxes.open((folder / f"y.{study.key_id}.sealed").read_bytes(), old)
    keys.forget(vault.keys, old.public.id)
    evaluation = deliver(study)
    score(evaluation.pk)
    assert [one.why for one in Opening.objects.order_by("pk")] == [
        f"encrypt again to key {new.public.shown}",
        f"score {evaluation.submission}",
    ]


def test_answers_that_are_encrypted_to_the_current_key_are_left_alone(study):
    assert not resealing.reseal(study.pk, 77)
    assert not Opening.objects.exists()


def test_two_rotations_in_a_row_leave_one_box(study, vault, tmp_path):
    for _ in range(2):
        keys.rotate(vault.keys)
        assert resealing.reseal(study.pk, 77)
    boxes_left = list((tmp_path / "storage" / "sealed" / study.study_id).glob("y.*"))
    assert [path.name for path in boxes_left] == [f"y.{SealedStudy.objects.get().key_id}.sealed"]
