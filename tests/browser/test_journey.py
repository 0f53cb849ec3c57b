"""From signing up to reading the board, as a person does it."""

import hashlib
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from evaluator.engine.track import whole_release
from leaderboard.models import Submission, Upload
from leaderboard.publishing import designs, scoring
from leaderboard.states import SubmissionState
from leaderboard.submitting import uploads
from tests.browser.host import Host
from tests.browser.people import sign_in
from tests.site.builders import DIGEST, PASSWORD, make_cast, make_submission, make_track
from tests.site.hosting.world import release_row
from tests.site.pages.stored import publish, store_board

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
REGISTRY = "registry.example.org"


@pytest.fixture(autouse=True)
def _site(settings, tmp_path):
    settings.STORAGE = str(tmp_path / "storage")
    settings.REGISTRIES = [REGISTRY]


def test_somebody_signs_up_founds_a_team_submits_watches_it_finish_and_reads_the_board(
    page, mailoutbox, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr(designs, "REPLICATES", 40)
    definition = whole_release(tiny).narrowed(splits=(0,))
    track = make_track(title="Tiny", slug="tiny", release=release_row(tiny), definition=definition)
    sign_up(page, mailoutbox)
    page.get_by_label("Name of the team").fill("Cell Lab")
    page.get_by_role("button", name="Found it").click()
    page.get_by_role("link", name="Submit a model").click()
    page.get_by_label("Name of a new model").fill("First try")
    page.get_by_label("Image by digest").fill(DIGEST)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("First try version 1")

    submission, host = Submission.objects.get(), Host(tmp_path / "host", tiny)
    for state, word in (("smoke", "smoke run"), ("running", "running"), ("scoring", "scoring")):
        host.take(submission, to=state)
        expect(page.locator("[aria-current=step]")).to_have_text(re.compile(f"^{word}"))
    scoring.score(submission.evaluations.get().pk)
    expect(page.get_by_role("status")).to_contain_text("published")
    expect(page.locator("#standing")).not_to_have_attribute("hx-get", re.compile("."))

    page.goto(reverse("board", args=[track.slug]))
    row = page.get_by_role("row").filter(has_text="First try")
    expect(row).to_contain_text("Cell Lab")
    row.get_by_role("link", name="First try").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("First try")


def sign_up(page, mailoutbox):
    page.goto("/")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Read your mail")
    page.goto(re.search(r"https?://\S+/accounts/confirm-email/\S+", mailoutbox[0].body)[0])
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Teams")


def test_without_javascript_somebody_sends_an_archive_and_reads_the_board(plain_page, tmp_path):
    page, cast, track = plain_page, make_cast(), make_track(title="Tiny", slug="tiny")
    store_board(track=track)
    publish(track=track)
    archive = tmp_path / "model.tar"
    archive.write_bytes(b"x" * 3_000_000)
    sign_in(page, cast.owner)
    page.get_by_role("link", name="Submit a model").click()
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_role("link", name=re.compile("Give it a name")).click()
    page.get_by_label("Name of a new model").fill("Plain")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Plain version 1")
    assert Submission.objects.get(model__name="Plain").upload.size_bytes == 3_000_000
    Submission.objects.filter(model__name="Plain").update(state=SubmissionState.SCORING)
    page.get_by_role("link", name="Reload it").click()
    expect(page.locator("[aria-current=step]")).to_have_text(re.compile("^scoring"))
    page.goto(reverse("board", args=[track.slug]))
    expect(page.get_by_role("table")).to_be_visible()


def test_the_form_is_filled_and_sent_by_keyboard_alone(page):
    cast = make_cast()
    make_track()
    sign_in(page, cast.owner)
    page.goto(reverse("submit"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Name of a new model")
    page.keyboard.type("By keys")
    tab_to(page, "Image by digest")
    page.keyboard.type("mine:latest")
    tab_to(page, "Licence (optional)")
    page.keyboard.type("MIT")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first error's link leads to its field
    expect(page.get_by_label("Image by digest")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(DIGEST)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("By keys version 1")


def tab_to(page, label):
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.get_by_label(label, exact=True).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no Tab leads to {label}")


def test_an_archive_is_sent_in_pieces_paused_and_gone_on_with_after_a_reload(page, settings, tmp_path):
    settings.UPLOAD_CHUNK_BYTES = 1 << 20
    cast = make_cast()
    make_track()
    content = bytes(range(256)) * 20_000  # 4.9 MB, no whole number of blocks of 64 bytes or pieces
    archive = tmp_path / "model.tar"
    archive.write_bytes(content + b"end")
    sign_in(page, cast.owner)
    page.goto(reverse("submit"))
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="Send it now, in pieces").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text(re.compile("^Paused at"))).to_be_visible()
    received = Upload.objects.get().received_bytes
    assert 0 < received < len(content)

    page.reload()
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    page.get_by_role("button", name="Send it now, in pieces").click()
    expect(page.get_by_text("model.tar is here")).to_be_visible()
    page.get_by_label("Name of a new model").fill("In pieces")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("In pieces version 1")
    upload = Submission.objects.get().upload
    assert uploads.path_of(upload).read_bytes() == content + b"end"
    assert upload.sha256 == hashlib.sha256(content + b"end").hexdigest()


def test_a_page_that_is_watched_asks_for_the_sign_in_when_the_session_ends(page):
    cast = make_cast()
    sign_in(page, cast.owner)
    page.goto(reverse("submission", args=[make_submission(team=cast.team, state="queued").pk]))
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/?next=/submissions/**")
