"""Citing a score: the facts that find it again, whatever its names contain."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from evaluator.sealing import keys
from leaderboard.pages import model_page
from leaderboard.pages.citing import badge_markdown, bibtex, permanent_link, plain_citation
from tests.site.builders import make_model, make_release, make_submission, make_team, make_track
from tests.site.pages.cards import UNDEFINED, an_interval
from tests.site.pages.stored import publish

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 7, tzinfo=UTC)


@pytest.fixture
def entry(settings):
    settings.SITE_URL = "https://holdout.example.org"
    release = make_release(name="cancer", version="2.0", release_id="ab" * 32)
    track = make_track(title="Cross-study", release=release)
    model = make_model(name="DeepPair", team=make_team(name="Rossi lab"))
    return make_submission(model=model, track=track, published_at=WHEN, version=3)


def test_a_citation_has_team_model_version_score_track_release_date_and_permanent_link(entry):
    assert plain_citation(entry.model, entry, an_interval(0.123)) == (
        "Rossi lab: DeepPair, version 3. Skill over mean effects 0.123 (95% interval 0.073 to 0.173) on the track "
        "“Cross-study” of release cancer 2.0 (id abababababababab). Holdout, 2026-03-07. "
        "https://holdout.example.org/models/deeppair/v3/"
    )


def test_bibtex_says_the_same_in_fields(entry):
    assert bibtex(entry.model, entry, an_interval(-0.1)) == (
        "@misc{holdout-deeppair-v3,\n"
        "  title = {{DeepPair}, version 3: score on the track {Cross-study}},\n"
        "  author = {{Rossi lab}},\n"
        "  howpublished = {Holdout},\n"
        "  url = {https://holdout.example.org/models/deeppair/v3/},\n"
        "  note = {Skill over mean effects -0.100 (95\\% interval -0.150 to -0.050); release cancer 2.0, "
        "id abababababababab},\n"
        "  year = {2026},\n"
        "  month = {3},\n"
        "  date = {2026-03-07},\n"
        "}\n"
    )


def test_an_undefined_score_is_cited_as_undefined(entry):
    assert "Skill over mean effects undefined" in plain_citation(entry.model, entry, an_interval(UNDEFINED))


def test_hostile_names_cannot_leave_their_field(entry):
    entry.model.name = "A} , url = {https://evil.example}\n\\input{/etc/passwd} 100% #1_x ~^ \u202e$&"
    text = bibtex(entry.model, entry, an_interval(0.1))
    title = next(line for line in text.splitlines() if line.startswith("  title"))
    assert "\\textbackslash{}input\\{/etc/passwd\\}" in title
    assert "100\\% \\#1\\_x" in title
    assert "\u202e" not in text
    plain = text.replace("\\{", "").replace("\\}", "")
    assert plain.count("{") == plain.count("}")
    assert sum(line.strip().startswith("url =") for line in text.splitlines()) == 1
    assert "\n" not in plain_citation(entry.model, entry, an_interval(0.1))


def test_the_page_and_the_file_give_the_same_bibtex(client):
    submission = publish()
    file = client.get(reverse("model_cite", args=[submission.model.slug, 1]))
    assert file["Content-Type"].startswith("application/x-bibtex")
    assert f'filename="{submission.model.slug}-v1.bib"' in file["Content-Disposition"]
    assert file.text == bibtex(submission.model, submission, an_interval(0.1))
    page = client.get(reverse("model", args=[submission.model.slug])).text
    assert permanent_link(submission.model, 1) in page
    assert "@misc{holdout-" in page


def test_the_badge_for_a_readme_leads_to_the_model(entry):
    assert badge_markdown(entry.model) == (
        "[![Rank on Holdout](https://holdout.example.org/models/deeppair/badge.svg)]"
        "(https://holdout.example.org/models/deeppair/)"
    )


def test_a_model_shows_its_badge_and_how_its_certificate_is_checked(client, monkeypatch):
    submission = publish()
    page = reverse("model", args=[submission.model.slug])
    monkeypatch.setattr(model_page, "public_key", {keys.Kind.SIGNING: "holdout-signing-public-key ab"}.get)
    shown = client.get(page).text
    assert f'<img src="{reverse("badge", args=[submission.model.slug])}"' in shown
    assert reverse("model_certificate", args=[submission.model.slug, 1]) in shown
    assert "echo 'holdout-signing-public-key ab' &gt; signing.pub" in shown


def test_a_site_without_a_scorer_offers_no_certificate(client, monkeypatch):
    monkeypatch.setattr(model_page, "public_key", lambda _kind: None)
    assert "certificate.json" not in client.get(reverse("model", args=[publish().model.slug])).text
