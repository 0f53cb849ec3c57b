"""What a model's page says first: one sentence for each number, and no more than the number allows."""

from datetime import date

import pytest

from leaderboard.models import Submission
from leaderboard.pages.model_headline import BEATS, change_sentence, gap_sentence, headline, score_sentence
from leaderboard.reads.places import Place
from tests.site.pages.cards import a_summary, an_interval

UNDEFINED = {"undefined": "no rows"}


def said(place=None, version=1, **intervals):
    summary = a_summary()
    summary["intervals"] |= {f"{name}/": interval for name, interval in intervals.items()}
    return {line.name: line for line in headline(summary, metric="r2", place=place, sent=Submission(version=version))}


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (an_interval(0.123), "Its squared error is 12% smaller than that of mean effects, averaged over"),
        (an_interval(-0.3), "Its squared error is 30% larger than that of mean effects"),
        (an_interval(0.01), "but the interval holds zero."),
        (an_interval(0.2, low=UNDEFINED, high=UNDEFINED), "how sure this is cannot be said."),
        (an_interval(UNDEFINED), "Its score is undefined, so it is not ranked."),
        (None, "Its score is undefined, so it is not ranked."),
    ],
)
def test_a_score_is_said_as_squared_error_beside_mean_effects(score, sentence):
    assert sentence in score_sentence(score)


def test_a_score_that_is_surely_above_zero_is_not_called_doubtful():
    assert "holds zero" not in score_sentence(an_interval(0.123))


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        (an_interval(0.2), "yes"),
        (an_interval(-0.2), "no"),
        (an_interval(0.01), "cannot tell"),
    ],
)
def test_beating_the_drug_average_needs_the_whole_interval(interval, word):
    line = said(skill_drug_mean=interval)["Beats the drug average"]
    assert (line.word, line.sentence) == (word, BEATS[word])


def test_without_an_interval_it_cannot_be_said_whether_the_drug_average_is_beaten():
    line = said(skill_drug_mean=an_interval(0.2, low=UNDEFINED, high=UNDEFINED))["Beats the drug average"]
    assert line.word == "cannot tell"
    assert "there is no interval" in line.sentence


@pytest.mark.parametrize(
    ("gap", "metric", "sentence"),
    [
        (0.2, "r2", "does better than itself trained on shuffled labels"),
        (-0.2, "r2", "does worse than itself trained on labels that were shuffled within each drug"),
        (-0.2, "rmse", "does better than itself trained on shuffled labels"),
        (0.2, "rmse", "does worse than itself"),
        (0.01, "r2", "cannot be told from itself"),
    ],
)
def test_a_gap_is_read_by_whether_more_of_the_metric_is_better(gap, metric, sentence):
    assert sentence in gap_sentence(an_interval(gap), metric)


def test_a_gap_that_is_undefined_is_called_unknown():
    assert "is not known" in gap_sentence(an_interval(UNDEFINED), "r2")


@pytest.mark.parametrize(
    ("place", "word", "sentence"),
    [
        (
            Place(1, (3, 7), 12),
            "3–7 of 12",
            "Of 12 ranked models, 2 are significantly better, 5 are significantly worse, 4 cannot be told from it.",
        ),
        (Place(1, (2, 2), 3), "2 of 3", "Of 3 ranked models, 1 is significantly better, 1 is significantly worse."),
        (Place(1, (1, 1), 1), "1 of 1", "It is the one ranked model."),
        (Place(1, None, 5), "not ranked", "Controls, and models whose score is undefined, are shown without a rank."),
        (Place(2, (1, 1), 5), "not ranked", "Version 2 stands on the board in place of this one."),
        (None, "not ranked", "It stands on no board now."),
    ],
)
def test_a_rank_says_how_many_are_better_worse_and_alike(place, word, sentence):
    line = said(place)["Rank"]
    assert (line.word, line.sentence) == (word, sentence)


def test_an_alarm_that_is_undefined_gives_its_reason_and_one_that_is_silent_proves_nothing():
    summary = a_summary(alarm={"state": "undefined", "reason": "the alarm needs at least 10 shuffles"})
    line = headline(summary, metric="r2", place=None, sent=Submission(version=1))[-1]
    assert (line.word, line.reason) == ("", "the alarm needs at least 10 shuffles")
    assert "Silence proves nothing" in said()["Memory alarm"].sentence


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({}, "Pretraining: none declared."),
        ({"pretraining": "PubMed"}, "Pretraining: PubMed (until when is not declared)"),
        (
            {"pretraining": "PubMed,\n" + "x" * 500, "pretrained_until": date(2024, 6, 30)},
            f"Pretraining: PubMed, {'x' * 71}… (data until 2024-06-30)",
        ),
    ],
)
@pytest.mark.parametrize("state", ["raised", "silent", "undefined"])
def test_declared_pretraining_stands_beside_the_alarm_in_short(state, declared, sentence):
    summary = a_summary(alarm={"state": state, "reason": ""})
    alarm = headline(summary, metric="r2", place=None, sent=Submission(version=1, **declared))[-1]
    assert (alarm.name, alarm.beside) == ("Memory alarm", sentence)


def test_without_intervals_nothing_is_said():
    assert headline({"alarm": {}}, metric="r2", place=None, sent=Submission(version=1)) == []


def test_a_score_that_was_computed_again_says_when_why_and_what_it_was():
    change = {"at": "2026-05-01T10:00:00+00:00", "why": "A split was wrong.", "before": 0.1234, "after": 0.1}
    assert change_sentence(change) == (
        "Its scores were computed again on 2026-05-01: A split was wrong. "
        "The skill over mean effects was 0.123 before, and is 0.100 now."
    )
    assert "stayed 0.100" in change_sentence(change | {"before": 0.1})
