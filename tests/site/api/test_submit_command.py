"""`holdout submit` against the site itself, over a real socket."""

import json
from datetime import date
from functools import partial

import pytest
from django.db import connections
from typer.testing import CliRunner

from evaluator.cli import site, submit
from evaluator.cli.app import app
from leaderboard.api import tokens
from leaderboard.models import Scope, Scorecard, Submission, Upload
from leaderboard.states import SubmissionState
from tests.site.builders import make_cast, make_evaluation, make_track
from tests.site.pages.cards import a_card

ARCHIVE = bytes(range(256)) * 40


@pytest.fixture
def cast(transactional_db):
    return make_cast()


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "model.tar"
    path.write_bytes(ARCHIVE)
    return path


@pytest.fixture
def holdout(live_server, cast, tmp_path, settings, monkeypatch):
    """Runs the command; `then` says what the site does while it waits."""
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)  # a server's thread keeps none
    settings.STORAGE = str(tmp_path / "storage")
    settings.UPLOAD_CHUNK_BYTES = 4096
    token = tokens.make(cast.owner, name="ci", scope=Scope.SUBMIT)[1]
    track = make_track()

    def run(*options, then=lambda: None, token=token):
        monkeypatch.setattr(submit, "Site", partial(site.Site, pause=lambda _: then()))
        asked = ["submit", "--site", live_server.url, "--team", cast.team.slug, "--track", track.slug, *options]
        return CliRunner().invoke(app, asked, env={"HOLDOUT_TOKEN": token, "COLUMNS": "200"})

    return run


def end_as(state, **values):
    def end():
        submission = Submission.objects.get()
        if state == SubmissionState.PUBLISHED:
            Scorecard.objects.create(evaluation=make_evaluation(submission=submission), card=a_card(), draws="")
        Submission.objects.filter(pk=submission.pk).update(state=state, **values)

    return end


def test_it_uploads_in_pieces_submits_waits_and_prints_the_scores(holdout, archive):
    done = holdout("--new-model", "Ours", "--archive", str(archive), "--wait", then=end_as(SubmissionState.PUBLISHED))
    assert done.exit_code == 0, done.output
    assert Upload.objects.get().received_bytes == len(ARCHIVE)
    assert "received" in done.stderr and "published" in done.stderr
    assert "skill over mean effects 0.100 [0.050, 0.150]" in done.stdout


def test_a_rejection_is_one_with_its_reason_and_remedy(holdout, archive):
    then = end_as(SubmissionState.REJECTED, told="no_output")
    done = holdout("--new-model", "Ours", "--archive", str(archive), "--wait", then=then)
    assert done.exit_code == 1
    assert "left no predictions file" in done.stdout
    assert "Write predictions.csv" in done.stdout


def test_an_upload_that_broke_off_goes_on(holdout, archive, monkeypatch):
    send, sent = site.Site._send_piece, []

    def breaks_after_one(self, upload, file):
        if sent:
            raise site.SiteError("The line is dead.", "")
        sent.append(upload)
        return send(self, upload, file)

    monkeypatch.setattr(site.Site, "_send_piece", breaks_after_one)
    assert holdout("--new-model", "Ours", "--archive", str(archive)).exit_code == 1
    assert Upload.objects.get().received_bytes == 4096
    monkeypatch.setattr(site.Site, "_send_piece", send)
    assert holdout("--new-model", "Ours", "--archive", str(archive)).exit_code == 0
    assert Upload.objects.get().state == "complete"


@pytest.mark.parametrize(
    ("options", "declared"),
    [
        ((), ("", None)),
        (("--pretraining", "PubMed"), ("PubMed", None)),
        (("--pretraining", "PubMed", "--pretrained-until", "2024-06-30"), ("PubMed", date(2024, 6, 30))),
    ],
)
def test_pretraining_is_declared_with_its_newest_date(holdout, archive, options, declared):
    done = holdout("--new-model", "Ours", "--archive", str(archive), *options)
    assert done.exit_code == 0, done.output
    made = Submission.objects.get()
    assert (made.pretraining, made.pretrained_until) == declared


def test_the_same_key_submits_once(holdout, archive):
    first = json.loads(holdout("--new-model", "Ours", "--archive", str(archive), "--json").stdout)
    upload = str(Upload.objects.get().pk)
    assert first["submission"]["state"] == "received"
    again = [holdout("--new-model", "Two", "--upload", upload, "--key", "one") for _ in range(2)]
    assert [done.exit_code for done in again] == [1, 1]  # the archive is the first one's
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--model", "a", "--new-model", "b", "--image", "i"], "--new-model"),
        (["--new-model", "b"], "--archive"),
        (["--new-model", "b", "--image", "i", "--pretrained-until", "June"], "--pretrained-until"),
        (["--new-model", "b", "--image", "i", "--settings", "[]"], "--settings"),
        (["--new-model", "b", "--image", "not-by-digest"], "sha256"),
        (["--model", "nobodys", "--image", "example.org/a@sha256:" + "0" * 64], "example.org"),
    ],
)
def test_wrong_use_is_two_and_says_what_to_give(holdout, options, says):
    done = holdout(*options)
    assert done.exit_code == 2, done.output
    assert says in done.stderr


def test_no_token_is_wrong_use(holdout):
    done = holdout("--new-model", "b", "--image", "i", token="")
    assert done.exit_code == 2
    assert "HOLDOUT_TOKEN" in done.stderr


def test_a_token_that_is_unknown_is_wrong_use(holdout):
    assert holdout("--new-model", "b", "--image", "i", token="0" * 64).exit_code == 2


def test_a_site_that_is_away_is_asked_again_and_then_said(monkeypatch):
    paused = []
    board = site.Site("http://127.0.0.1:9", "0" * 64, pause=paused.append)
    with pytest.raises(site.SiteError, match="does not answer"):
        board.ask("GET", "me/")
    assert paused == [1, 2, 4, 8, 16]
    assert submit.POLL_S > 0


def test_a_track_that_is_not_there_is_told_before_anything_is_sent(holdout, archive):
    found = holdout("--new-model", "Mine", "--archive", str(archive), "--track", "magic")
    assert found.exit_code == 2
    assert "There is no such track" in found.output
    assert not Upload.objects.exists()
