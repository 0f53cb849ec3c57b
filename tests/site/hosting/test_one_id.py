"""One id from a person's request to the container: through submission, tick, order, a real agent, its log and label."""

import json
import logging

import pytest

from evaluator import logs
from leaderboard.hosting.advance import advance
from leaderboard.models import Submission
from tests.site import builders
from tests.site.hosting.world import make_machine, release_row

ASKED = "a-request-of-mine"


@pytest.fixture
def answer(client, tiny, settings, db):
    """To somebody who submits an image by the API."""
    settings.REGISTRIES = ["registry.example.org"]
    studies = tiny.study_names()
    definition = builders.make_definition(sources=studies[:1], targets=studies[:1])
    track, cast = builders.make_track(release=release_row(tiny), definition=definition), builders.make_cast()
    client.force_login(cast.owner)
    body = {"team": cast.team.slug, "track": track.slug, "new_model": "Mine", "image": builders.DIGEST}
    headers = {"X-Request-ID": ASKED}
    return client.post("/api/v1/submissions/", body, content_type="application/json", headers=headers)


def test_a_request_is_found_again_in_every_part_that_works_for_it(answer, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    submission = Submission.objects.get()
    assert (answer.status_code, answer["X-Request-ID"], submission.request_id) == (201, ASKED, ASKED)
    machine = make_machine("one", tmp_path, submission.track.release)
    started = []
    with caplog.at_level(logging.INFO):
        caplog.handler.addFilter(logs.mark)
        while not started:
            advance()
            machine.talk()
            started = list(machine.sandbox.specs.values())
    assert [spec.labels[logs.LABEL] for spec in started] == [ASKED]
    said = [json.loads(logs.Json().format(record)) for record in caplog.records]
    assert {line["logger"] for line in said if line.get("trace") == ASKED} == {
        "leaderboard.hosting.advance",
        "leaderboard.hosting.exchange",
        "evaluator.agent.agent",
    }
