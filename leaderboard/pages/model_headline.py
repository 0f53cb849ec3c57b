"""What a model's page says first: its score, rank, gap and alarm, each with one sentence that a reader may quote."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import Truncator

from leaderboard.models import Submission
from leaderboard.pages.board_lines import rank_text
from leaderboard.pages.figures import LOWER_IS_BETTER, Figure, figure, metric_name, value
from leaderboard.publishing.rescoring import is_change
from leaderboard.publishing.tables import beats
from leaderboard.reads.places import Place

SCORE, OVER_DRUGS, GAP = "primary/", "skill_drug_mean/", "gap/"
BEATS = {
    "yes": "On drugs that it was trained on it beats the average of each drug: the whole interval lies above zero.",
    "no": "On drugs that it was trained on it does not beat the average of each drug: no part of the interval lies "
    "above zero.",
    "cannot tell": "On drugs that it was trained on it cannot be told from the average of each drug: the interval "
    "holds zero.",
}
ALARMS = {
    "raised": "Trained on shuffled labels it still agrees with the true answers: it knows what it was not given.",
    "silent": "Trained on shuffled labels it agrees with the true answers no more than by chance. Silence proves "
    "nothing.",
    "undefined": "It was not tested for answers that it was not given.",
}


MOST_OF_PRETRAINING = 80
"""Letters; the whole text stands further down."""


@dataclass(frozen=True, slots=True)
class Line:
    """A fact of the headline: `word` stands before the figure and has a class of its own, `beside` below them all."""

    name: str
    sentence: str
    word: str = ""
    figure: Figure | None = None
    reason: str = ""
    beside: str = ""


def headline(summary: Mapping[str, Any], *, metric: str, place: Place | None, sent: Submission) -> list[Line]:
    """From what its row of the board says: means over all entries of G. Empty without intervals."""
    intervals = summary.get("intervals")
    if not intervals:
        return []
    alarm = summary["alarm"]
    over_drugs = intervals.get(OVER_DRUGS)
    word = beats(over_drugs) if over_drugs else "cannot tell"
    return [
        Line("Skill over mean effects", score_sentence(intervals.get(SCORE)), figure=figure(intervals.get(SCORE))),
        Line("Rank", *_rank(place, sent.version)),
        Line("Beats the drug average", _beats_sentence(over_drugs, word), word, figure(over_drugs)),
        Line("Gap to its permuted self", gap_sentence(intervals.get(GAP), metric), figure=figure(intervals.get(GAP))),
        Line(
            "Memory alarm",
            ALARMS[alarm["state"]],
            _alarm_word(alarm["state"]),
            reason=alarm["reason"],
            beside=pretraining(sent),
        ),
    ]


def pretraining(sent: Submission) -> str:
    """Beside the alarm, whose silence proves nothing."""
    if not sent.pretraining:
        return "Pretraining: none declared."
    said = Truncator(" ".join(sent.pretraining.split())).chars(MOST_OF_PRETRAINING)
    until = f"data until {sent.pretrained_until}" if sent.pretrained_until else "until when is not declared"
    return f"Pretraining: {said} ({until})"


def change_sentence(change: Mapping[str, Any]) -> str:
    """Of scores that were computed again, whether or not they came out others."""
    before, after = (figure(change.get(name)).text for name in ("before", "after"))
    said = f"Its scores were computed again on {change['at'][:10]}: {change['why'].rstrip('.')}. "
    if not is_change(change):
        return f"{said}Nothing changed."
    if before == after:
        return f"{said}The skill over mean effects stayed {after}; other figures changed."
    return f"{said}The skill over mean effects was {before} before, and is {after} now."


def score_sentence(score: Any) -> str:
    estimate, low, high = _ends(score)
    if estimate is None:
        return "Its score is undefined, so it is not ranked."
    share = f"{abs(estimate) * 100:.0f}%"
    more = "smaller" if estimate >= 0 else "larger"
    said = f"Its squared error is {share} {more} than that of mean effects, averaged over all sources and targets"
    if low is None or high is None:
        return f"{said}; how sure this is cannot be said."
    return f"{said}{', but the interval holds zero.' if low <= 0 <= high else '.'}"


def gap_sentence(gap: Any, metric: str) -> str:
    """What shuffling the labels within each drug costs: all that can be lost is about cells."""
    estimate, low, high = _ends(gap)
    name = metric_name(metric)
    if estimate is None:
        return f"What it loses in {name} when labels are shuffled within each drug is not known."
    gain = -estimate if metric in LOWER_IS_BETTER else estimate
    if low is None or high is None or low <= 0 <= high:
        return f"In {name} it cannot be told from itself trained on labels that were shuffled within each drug."
    if gain > 0:
        return f"In {name} it does better than itself trained on shuffled labels: it learns about cells."
    return f"In {name} it does worse than itself trained on labels that were shuffled within each drug."


def _rank(place: Place | None, version: int) -> tuple[str, str]:
    """A sentence, and the rank as text."""
    if place is None:
        return "It stands on no board now.", "not ranked"
    if place.version != version:
        return f"Version {place.version} stands on the board in place of this one.", "not ranked"
    if place.rank is None:
        return "Controls, and models whose score is undefined, are shown without a rank.", "not ranked"
    first, last = place.rank
    better, worse, equal = first - 1, place.n_ranked - last, last - first
    parts = [_models(better, "better") if better else "", _models(worse, "worse") if worse else ""]
    if equal:
        parts.append(f"{equal} cannot be told from it")
    said = ", ".join(part for part in parts if part)
    of = f"Of {place.n_ranked} ranked models" if place.n_ranked > 1 else "It is the one ranked model"
    return f"{of}{', ' if said else ''}{said}.", f"{rank_text(place.rank)} of {place.n_ranked}"


def _models(n: int, how: str) -> str:
    return f"{n} {'is' if n == 1 else 'are'} significantly {how}"


def _beats_sentence(over_drugs: Any, word: str) -> str:
    if _ends(over_drugs)[1] is None:
        return "It cannot be said whether it beats the average of each drug: there is no interval."
    return BEATS[word]


def _alarm_word(state: str) -> str:
    return "" if state == "undefined" else state


def _ends(interval: Any) -> tuple[float | None, float | None, float | None]:
    if not isinstance(interval, Mapping):
        return None, None, None
    estimate, low, high = (value(interval.get(name)) for name in ("estimate", "low", "high"))
    return estimate, low, high
