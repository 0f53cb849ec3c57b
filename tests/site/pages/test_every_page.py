"""What every page for reading keeps to: a strict policy, clean markup, and the word of a demonstration."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.site.builders import make_person
from tests.site.pages.cards import a_row
from tests.site.pages.markup import faults
from tests.site.pages.small_release import store_release, store_sealed
from tests.site.pages.stored import publish, store_board, store_published

pytestmark = pytest.mark.django_db
READING = ("home", "boards", "board", "no board", "model", "compare", "published", "published board", "not found")
ROOMS = ("how", "contract", "statistics", "rules", "status", "releases", "release", "study", "sealed study")
VIEWS = ("board of one's own", "board drawn", "board of sealed targets", "board that cannot be")
PAGES = (*READING, *ROOMS, *VIEWS)


@pytest.fixture
def addresses():
    board, submission = store_board(a_row("A", slug=None, kind="baseline"), a_row("B")), publish()
    paper = store_published({("alpha", "beta"): 0.4})
    of_board = reverse("board", args=[board.track.slug])
    small = store_release()
    sealed = store_sealed(small)
    return {
        **{room: reverse(room) for room in ("how", "status", "releases")},
        **{name: reverse("how_page", args=[name]) for name in ("contract", "statistics", "rules")},
        "release": reverse("release", args=["small-1.0"]),
        "study": reverse("study", args=["small-1.0", "A"]),
        "sealed study": reverse("sealed_study", args=["small-1.0", f"{sealed.name}-{sealed.version}"]),
        "home": reverse("home"),
        "boards": reverse("boards"),
        "board": of_board,
        "no board": f"{of_board}?metric=magic",
        "board of one's own": f"{of_board}?column=r2&sort=-score&name=b",
        "board drawn": f"{of_board}?shown=targets",
        "board of sealed targets": f"{of_board}?data=sealed",
        "board that cannot be": f"{of_board}?column=magic",
        "model": reverse("model", args=[submission.model.slug]),
        "compare": reverse("compare"),
        "published": reverse("published"),
        "published board": reverse("published_board", args=[paper.slug]),
        "not found": "/nothing/",
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_inline_style_or_script_and_clean_markup(client, addresses, page):
    assert faults(client.get(addresses[page]).text) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_as_clean_for_somebody_who_is_signed_in(client, addresses, page):
    client.force_login(make_person())
    answer = client.get(addresses[page])
    assert faults(answer.text) == []
    assert "Sign out" in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_sent_under_a_policy_that_runs_nothing_inline(client, addresses, page):
    policy = client.get(addresses[page])["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_demonstration_says_so_and_another_does_not(client, addresses, page, settings):
    settings.DEMONSTRATION = True
    assert "demonstration, not sealed</strong>" in client.get(addresses[page]).text
    settings.DEMONSTRATION = False
    assert "demonstration, not sealed</strong>" not in client.get(addresses[page]).text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_a_link_to_its_content(client, addresses, page):
    html = client.get(addresses[page]).text
    assert html.index('href="#content"') < html.index("<nav")
    assert 'id="content"' in html


def test_a_refused_form_is_explained():
    answer = Client(enforce_csrf_checks=True).post(reverse("account_logout"))
    assert (answer.status_code, "The form was open for too long" in answer.text) == (403, True)


def test_our_failure_is_called_ours(client, monkeypatch):
    monkeypatch.setattr("leaderboard.reads.benchmark.tracks", lambda: 1 / 0)
    client.raise_request_exception = False
    answer = client.get(reverse("home"))
    assert (answer.status_code, "This is our failure" in answer.text) == (500, True)
    assert "demonstration, not sealed</strong>" in answer.text
    assert faults(answer.text) == []


def test_a_request_that_is_not_understood_has_its_page(client):
    answer = client.get(reverse("home"), headers={"Host": "evil.example.org"})
    assert (answer.status_code, "could not be understood" in answer.text) == (400, True)
    assert "demonstration, not sealed</strong>" in answer.text
    assert faults(answer.text) == []
