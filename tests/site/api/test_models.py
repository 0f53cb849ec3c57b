"""One version of a model by the API: what its page says, as JSON and CSV."""

import csv
import io
import json
from datetime import date

import pytest
from django.urls import reverse

from evaluator.agent.uploads import Storage
from leaderboard.models import DrugList, Submission
from leaderboard.publishing.cards import keep_whole
from leaderboard.reads.score_tables import TABLES
from leaderboard.states import SubmissionState
from tests.site.builders import make_model, make_run, make_spec, make_submission
from tests.site.pages.cards import a_card, a_row, a_summary, an_interval
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.STORAGE = str(tmp_path)
    return Storage(settings.STORAGE)


@pytest.fixture
def submission():
    return publish()


def at(submission, *path):
    return reverse("api-model-version", args=[submission.model.slug, submission.version]) + "".join(
        f"{part}/" for part in path
    )


def csv_of(client, submission, table, **asked):
    answer = client.get(at(submission, table), {"format": "csv"} | asked)
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def rows_of(client, submission, table, **asked):
    return client.get(at(submission, table), asked).json()["rows"]


def test_a_version_says_what_its_page_says_first(client):
    summary = a_summary()
    summary["intervals"]["primary/"] = an_interval(0.123)
    submission = publish(summary=summary)
    store_board(a_row(slug=submission.model.slug, version=1, rank=[2, 4]), track=submission.track)
    found = client.get(at(submission)).json()
    assert found["score"]["estimate"] == 0.123
    assert (found["rank"], found["n_ranked"]) == ([2, 4], 1)
    assert (found["version"], found["newest_version"]) == (1, 1)
    assert found["beats_drug_average"] == "yes"
    assert found["memory_alarm"] == {"state": "silent", "reason": ""}
    assert found["release_id"] == submission.track.release.release_id
    assert found["url"].endswith(f"/models/{submission.model.slug}/v1/")
    assert found["url"] in found["citation"]["text"]
    assert found["citation"]["bibtex"].startswith("@misc{holdout-")
    for address in (*found["tables"].values(), found["scorecard"]):
        assert client.get(address).status_code == 200


def test_a_version_says_its_pretraining_beside_its_alarm(client):
    submission = publish(pretraining="PubMed", pretrained_until=date(2024, 6, 30))
    listed = client.get(f"/api/v1/models/{submission.model.slug}/").json()["versions"][0]
    for said in (client.get(at(submission)).json(), listed):
        assert (said["pretraining"], said["pretrained_until"]) == ("PubMed", "2024-06-30")


def test_an_older_version_has_no_rank(client, submission):
    publish(model=submission.model, track=submission.track)
    store_board(a_row(slug=submission.model.slug, version=2, rank=[1, 1]), track=submission.track)
    found = client.get(at(submission)).json()
    assert (found["rank"], found["newest_version"]) == (None, 2)


def test_drugs_come_with_names_and_a_column_for_each_arm_and_metric(client, submission):
    rows = [row for row in rows_of(client, submission, "drugs") if (row["source"], row["target"]) == ("alpha", "beta")]
    first, last = rows[0], rows[3]
    assert (first["drug"], first["name"], first["mechanisms"]) == ("D1", "erlotinib", "EGFR inhibitor")
    assert (first["n_rows"], first["n_splits"], first["n_drugs"]) == (40, 2, 1)
    assert (first["real_r2"], first["drug_mean_rmse"]) == (pytest.approx(0.81), 0.2)
    assert (last["drug"], last["name"], last["real_r2"]) == ("D4", "D4", None)
    assert last["undefined"] == "real_r2: the predictions are constant"


def test_csv_has_the_same_rows_and_an_empty_cell_for_what_is_undefined(client, submission):
    rows = csv_of(client, submission, "drugs", source="alpha", target="beta")
    assert [row["drug"] for row in rows] == ["D1", "D2", "D3", "D4"]
    assert (rows[0]["real_r2"], rows[3]["real_r2"]) == ("0.81", "")
    assert rows[3]["undefined"] == "real_r2: the predictions are constant"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_the_same_as_json_and_as_csv(client, submission, table):
    make_run(submission=submission, spec=make_spec(seed=4711))
    as_json, as_csv = rows_of(client, submission, table), csv_of(client, submission, table)
    assert len(as_json) == len(as_csv)
    assert as_csv or table == "targets"  # of a track whose baselines nobody has computed
    for one, other in zip(as_json, as_csv, strict=True):
        assert {name: "" if cell is None else str(cell) for name, cell in one.items()} == other


def test_matrices_have_g_and_its_means_with_intervals(client):
    card = a_card(lambda source, _target: None if source == "beta" else 0.61)
    card["matrices"]["real"]["r2"] |= {"Gn": [[1.0, 1.0], [None, None]], "Gna": [1.0, None]}
    rows = rows_of(client, publish(card=card), "matrices")
    found = {(row["matrix"], row["source"], row["target"]): row for row in rows}
    assert found["G", "alpha", "beta"]["value"] == 0.61
    assert found["G", "alpha", "beta"]["low"] == pytest.approx(0.56)
    assert found["Ga", "alpha", ""]["value"] == 0.61
    assert found["G", "beta", "alpha"]["value"] is None
    assert found["G", "beta", "alpha"]["undefined"] == "the score is undefined for split 0"
    assert found["Gna", "beta", ""]["undefined"] == "not computed"


def test_skill_says_over_what_and_on_which_drugs(client, submission):
    rows = rows_of(client, submission, "skill", source="alpha", target="beta")
    found = {(row["over"], row["drugs"]): row for row in rows}
    assert found["mean_effects", "all"]["estimate"] == 0.1
    assert found["drug_mean", "trained on"]["low"] == pytest.approx(0.15)
    assert found["drug_mean", "others"]["estimate"] is None
    assert found["drug_mean", "others"]["undefined"] == "no rows"


def test_strata_are_those_of_the_page(client, submission):
    rows = rows_of(client, submission, "strata", source="alpha", target="beta")
    assert {row["stratum"]: row["real_r2"] for row in rows}["unseen drug"] == pytest.approx(0.04)


def test_a_name_that_begins_as_a_formula_is_no_formula_in_a_spreadsheet(client, submission):
    DrugList.objects.update(drugs={"D1": ["=HYPERLINK(1)", []]})
    assert csv_of(client, submission, "drugs")[0]["name"] == "'=HYPERLINK(1)"


def test_a_table_that_there_is_not_is_not_found_and_a_slip_in_the_query_is_said(client, submission):
    assert client.get(at(submission, "magic")).status_code == 404
    answer = client.get(at(submission, "drugs"), {"sorce": "alpha"})
    assert answer.status_code == 400
    assert "sorce" in answer.text


def test_a_table_is_not_sent_again_while_it_is_the_same(client, submission):
    tag = client.get(at(submission, "drugs"))["ETag"]
    assert client.get(at(submission, "drugs"), headers={"If-None-Match": tag}).status_code == 304
    assert client.get(at(submission, "mechanisms"), headers={"If-None-Match": tag}).status_code == 200
    assert client.get(at(submission, "drugs"), {"source": "alpha"}, headers={"If-None-Match": tag}).status_code == 200
    assert client.get(at(submission, "drugs"), {"format": "csv"}, headers={"If-None-Match": tag}).status_code == 200


def test_the_whole_scorecard_is_sent_as_it_is_stored_to_whoever_can_unpack_it(client, submission, storage):
    whole = a_card()
    keep_whole(storage, submission.evaluations.get().pk, whole)
    plain = client.get(at(submission, "scorecard"))
    assert plain.json() == json.loads(json.dumps(whole))
    packed = client.get(at(submission, "scorecard"), headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content)
    assert "Accept-Encoding" in packed["Vary"]


def test_a_scorecard_whose_file_is_gone_is_what_the_row_has(client, submission):
    found = client.get(at(submission, "scorecard")).json()
    assert "files" not in found
    assert found["matrices"]["real"]["r2"]["order"] == ["alpha", "beta"]


@pytest.mark.parametrize("path", [(), ("drugs",), ("scorecard",)])
def test_what_is_withdrawn_or_not_published_is_not_found(client, submission, path):
    Submission.objects.update(state=SubmissionState.WITHDRAWN)
    assert client.get(at(submission, *path)).status_code == 404
    unpublished = make_submission(model=make_model(), state=SubmissionState.SCORING)
    assert client.get(at(unpublished, *path)).status_code == 404
