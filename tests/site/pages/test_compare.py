"""Comparing: which is better, said honestly; every difference with its interval; a form that needs no script."""

import html
import re
import xml.etree.ElementTree as Xml

import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse

from evaluator.agent.uploads import Storage
from evaluator.arms import Arm
from leaderboard.models import Model, Scorecard, Submission
from leaderboard.publishing import designs
from leaderboard.publishing.entry_draws import EntryDraws, keep_entries
from leaderboard.publishing.measures import Measure
from leaderboard.states import SubmissionState
from tests.site.builders import make_definition, make_team, make_track
from tests.site.pages.contenders import WHY, contender
from tests.site.pages.markup import faults

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few_replicates(settings, tmp_path, monkeypatch):
    settings.STORAGE = str(tmp_path)
    monkeypatch.setattr(designs, "REPLICATES", 200)


@pytest.fixture
def track(db):
    return make_track(slug="main", title="Main track")


@pytest.fixture
def compare(client, track):
    def ask(*models, **more):
        return client.get(reverse("compare"), {"track": track.slug, "models": ",".join(models)} | more)

    return ask


@pytest.fixture
def three(track):
    contender(track, "Good", 0.3, seed=1)
    contender(track, "Better", 0.4, seed=2)
    contender(track, "Alike", 0.301, seed=3)


def words(answer):
    """Of the notice that says which is better."""
    found = re.search(r'<div class="notice (\w+)"><p><strong>(.*?)</strong></p><p>(.*?)</p>', answer.text, re.S)
    return found[1], html.unescape(found[2]), html.unescape(found[3])


def test_the_better_one_is_called_better_whichever_comes_first(three, compare):
    for models in (("good", "better"), ("better", "good")):
        kind, short, long = words(compare(*models))
        assert (kind, short) == ("success", "Better is better than Good.")
        assert "is higher by 0.100, with a 95% interval of" in long
        assert "a difference would have been told" in long


def test_of_an_error_the_smaller_one_is_better(three, compare):
    _, short, long = words(compare("good", "better", metric="rmse"))
    assert short == "Good is better than Better."
    assert "RMSE (mean over sources and targets) is lower by 0.100" in long


def test_what_cannot_be_told_is_said_to_be_so_and_from_where_on_it_could(three, compare):
    kind, short, long = words(compare("good", "alike"))
    assert (kind, short) == ("info", "It cannot be told which of Good and Alike is better.")
    assert "holds zero" in long
    assert re.search(r"could have been told from 0\.0[01]\d on", long)
    assert "does not make the two equal" in long


def test_a_model_and_its_twin_do_not_differ_in_any_replicate(track, compare):
    contender(track, "One", 0.3, seed=1)
    contender(track, "Twin", 0.3, seed=1)
    assert "the same to the last digit, in the sample and in every replicate" in words(compare("one", "twin"))[2]


def test_an_undefined_score_is_said_with_its_reason_and_the_other_measures_stand(track, compare):
    contender(track, "Whole", 0.3, seed=1)
    contender(track, "Constant", 0.1, seed=2, undefined=[Measure.PEARSON])
    kind, short, long = words(answer := compare("whole", "constant", metric="pearson"))
    assert (kind, short) == ("warning", "Whole and Constant cannot be compared by this score.")
    assert long == f"Constant: {WHY}."
    assert '<span class="undefined">n/a</span><span class="why">Constant: the predictions are constant' in answer.text
    assert words(compare("whole", "constant"))[1] == "Whole is better than Constant."


def test_every_measure_and_target_and_every_entry_of_g_has_its_difference(three, compare):
    page = compare("good", "better").text
    measures, entries = page.split('id="measures-caption"')[1].split('id="entries-caption"')
    assert measures.count('<td class="n heat-') == len(Measure) * 3
    assert entries.count('<td class="n heat-below">−0.100') == 4
    assert "to alpha" in page  # the figure


def test_of_many_all_pairs_are_compared_at_once_and_the_best_is_named_with_its_equals(three, track, compare):
    contender(track, "Best too", 0.4, seed=5)
    answer = compare("good", "better", "alike", "best-too")
    _, short, long = words(answer)
    assert short in {
        f"The best is {one}, or one that cannot be told from it: {other}."
        for one, other in (("Better", "Best too"), ("Best too", "Better"))
    }
    assert "All 6 pairs are compared at once" in long
    assert "Pair by pair" in answer.text
    assert answer.text.count(">same</td>") == 4
    assert "What can be told apart by Skill over mean effects" in answer.text


def test_one_of_many_that_beats_all_others_is_said_to(three, compare):
    assert words(compare("good", "better", "alike"))[1] == "Better is better than the 2 others."


def test_many_of_which_none_can_be_told_from_another_are_said_to_be_so(track, compare):
    for name in ("One", "Two", "Three"):
        contender(track, name, 0.3, seed=len(name))
    assert words(compare("one", "two", "three"))[1] == "It cannot be told which of these 3 is the best."


def test_one_without_a_score_is_left_out_of_many_with_its_reason(three, track, compare):
    contender(track, "Constant", 0.3, undefined=list(Measure))
    answer = compare("good", "better", "constant")
    assert f"Not compared: Constant (Constant: {WHY})." in words(answer)[2]
    assert words(answer)[1] == "Better is better than Good."


def test_more_than_can_be_shown_one_by_one_are_ranked_in_one_figure(track, compare):
    for number in range(14):
        contender(track, f"Model {number}", 0.1 + 0.02 * number, seed=number, with_entries=False)
    page = compare(*(f"model-{number}" for number in range(14))).text
    assert "14 models compared" in page
    assert "Pair by pair" not in page
    assert page.count('role="img"') == 1


def test_more_than_the_most_are_refused_in_a_sentence(compare):
    answer = compare(*(f"m-{number}" for number in range(61)))
    assert (answer.status_code, "at most 60" in answer.text) == (400, True)


def test_two_versions_of_one_model_are_compared(track, compare):
    first = contender(track, "Model", 0.3, seed=1)
    contender(track, "Model", 0.4, seed=2, model=first.model)
    assert words(compare("model", "model@1"))[1] == "Model is better than Model (v1)."
    assert words(compare("model@2", "model@1"))[1] == "Model is better than Model (v1)."


def test_models_of_one_name_are_told_apart_by_their_teams(track, compare):
    for number, team in enumerate((make_team(name="Ours"), make_team(name="Theirs"))):
        contender(track, "Model", 0.3 + 0.1 * number, seed=number, team=team, slug=f"model-{number}")
    assert words(compare("model-0", "model-1"))[1] == "Model, Theirs is better than Model, Ours."


def test_entries_on_other_terms_than_the_track_has_are_not_compared(three, track, compare):
    contender(track, "Other", 0.2)
    path = Scorecard.objects.get(evaluation__submission__model__slug="other").draws
    other = EntryDraws([("moon", "alpha")], [(9, 9)], np.zeros((1, 201)), [""])
    keep_entries(Storage(settings.STORAGE), path, Measure.PRIMARY, other)
    assert "Other has to be scored again for this." in compare("good", "other").text


def test_a_model_that_was_scored_before_entries_were_kept_is_compared_without_them(three, track, compare):
    contender(track, "Old", 0.2, with_entries=False)
    page = compare("good", "old").text
    assert "Good is better than Old." in page
    assert '<span class="undefined">n/a</span>: Old has to be scored again for this.' in page


def test_scores_that_cannot_be_used_are_undefined_and_stop_nothing(three, track, compare, tmp_path, caplog):
    broken = contender(track, "Broken", 0.9)
    (tmp_path / "scores" / str(broken.evaluations.get().pk) / "draws.npy").write_bytes(b"nothing of the kind")
    _, short, long = words(compare("good", "broken"))
    assert short == "Good and Broken cannot be compared by this score."
    assert long == "Broken: its scores have to be computed again."
    assert "cannot be used" in caplog.text


def test_models_are_chosen_by_a_form_that_sends_one_name_each(three, track, client, compare):
    page = compare("good", "better").text
    assert '<input type="checkbox" name="models" value="good" checked>' in page
    assert '<option value="alike">' in page
    assert '<option value="~mean_effects">Mean effects (baseline)</option>' in page
    sent = [("track", "main"), ("models", "good"), ("models", ""), ("models", "better")]
    answer = client.get(reverse("compare") + "?" + "&".join(f"{name}={value}" for name, value in sent))
    assert words(answer)[1] == "Better is better than Good."


def test_without_models_there_is_the_form_and_without_a_track_the_first(three, client):
    page = client.get(reverse("compare"))
    assert (page.status_code, "Choose models" in page.text, "Main track" in page.text) == (200, True, True)
    assert "Compare all 3 models of this track" in page.text


def test_one_model_alone_waits_for_another(three, compare):
    page = compare("good").text
    assert '<input type="checkbox" name="models" value="good" checked>' in page
    assert "<strong>" not in page.split("<main")[1]


def test_what_there_is_not_is_not_found_and_what_there_is_can_be_chosen(three, track, compare, client):
    answer = compare("good", "<script>alert(1)</script>")
    assert (answer.status_code, "&lt;script&gt;" in answer.text, "<script>alert" in answer.text) == (404, True, False)
    assert '<input type="checkbox" name="models" value="good" checked>' in answer.text
    assert compare("good", "better", metric="magic").status_code == 400
    assert compare("good", "better", target="moon\0").status_code == 400
    assert compare("good\0", "better").status_code == 404
    assert client.get(reverse("compare"), {"track": "no\0thing"}).status_code == 404
    assert compare("good", "~drug_mean").status_code == 404  # nothing was scored here for real


def test_nobody_is_compared_with_what_is_not_published(three, track, compare):
    contender(track, "Hidden", 0.9)
    Submission.objects.filter(model__slug="hidden").update(state=SubmissionState.WITHDRAWN)
    answer = compare("good", "hidden")
    assert answer.status_code == 404
    assert '<option value="hidden">' not in answer.text


def test_a_name_is_shown_and_never_run_in_page_figure_and_file(track, compare):
    hostile = "<script>alert(1)</script>"
    contender(track, hostile, 0.3, slug="hostile", seed=1)
    contender(track, "Other", 0.4, seed=2)
    page = compare("hostile", "other")
    assert "<script>alert" not in page.text
    assert faults(page.text) == []
    file = compare("hostile", "other", figure="differences")
    assert "<script" not in file.text
    assert Xml.fromstring(file.content).tag.endswith("svg")


@pytest.mark.parametrize("figure", ["critical-difference", "differences", "entries"])
def test_every_figure_can_be_had_as_a_file(three, compare, figure):
    answer = compare("good", "better", "alike", figure=figure)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert f"figure={figure}" in compare("good", "better", "alike").text
    assert compare("good", "better", figure="nothing").status_code == 404


def test_the_markup_is_clean_for_two_and_for_many(three, compare):
    for models in ((), ("good",), ("good", "better"), ("good", "better", "alike")):
        assert faults(compare(*models).text) == []


def test_a_comparison_takes_three_queries_and_an_unchanged_one_two(three, client, django_assert_num_queries):
    address = f"{reverse('compare')}?track=main&models=good,better"
    with django_assert_num_queries(3):
        first = client.get(address)
    with django_assert_num_queries(2):
        again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_comparison_has_another_tag_when_a_model_is_renamed_or_published(three, track, compare):
    tags = [compare("good", "better")["ETag"]]
    Model.objects.filter(slug="good").update(name="New name")
    tags.append(compare("good", "better")["ETag"])
    contender(track, "Newcomer", 0.1)
    tags.append(compare("good", "better")["ETag"])
    assert len(set(tags)) == 3


def test_a_track_without_a_permuted_arm_has_no_gap_to_compare(compare, client):
    track = make_track(definition=make_definition(arms=(Arm.parse("real"),)))
    contender(track, "One", 0.3, seed=1)
    contender(track, "Two", 0.4, seed=2)
    page = client.get(reverse("compare"), {"track": track.slug, "models": "one,two"}).text
    assert "Gap to its permuted self" not in page


def test_only_reading_is_answered(client):
    assert client.post(reverse("compare")).status_code == 405
