"""One id from a request to its log lines, its submission and its tasks."""

import json
import logging

import pytest
from celery import shared_task
from celery.signals import before_task_publish
from django.urls import reverse

from evaluator import logs
from tests.site.builders import make_person

HEADER = "X-Request-ID"


def line(*args, trace="", exc_info=None, **more):
    record = logging.LogRecord("holdout", logging.INFO, __file__, 1, *args, exc_info)
    record.__dict__.update({"trace": trace} | more)
    return record


@pytest.mark.django_db
def test_every_answer_has_an_id_of_its_own(client):
    first, second = (client.get(reverse("health"))[HEADER] for _ in range(2))
    assert logs.safe(first)
    assert first != second


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["short", "a" * 65, "with space here", "line\\nbreak-in", "<script>alert(1)", "é" * 9])
def test_an_id_of_a_client_that_could_do_harm_is_not_taken(client, said):
    assert client.get(reverse("health"), headers={HEADER: said.encode().decode("latin-1")})[HEADER] != said


@pytest.mark.django_db
def test_a_clients_harmless_id_is_taken_up(client):
    assert client.get(reverse("health"), headers={HEADER: "ci-run-12345"})[HEADER] == "ci-run-12345"


@pytest.mark.django_db
def test_a_request_is_one_line_that_names_its_route_and_no_secret_of_its_address(client, caplog):
    client.force_login(make_person())
    with caplog.at_level(logging.INFO, logger="holdout.request"):
        client.get(reverse("join", args=["a-secret-token"]))
    (record,) = caplog.records
    assert record.facts["route"] == "teams/join/<str:token>/"
    assert "a-secret-token" not in logs.Json().format(record)


def test_a_line_is_one_json_object_whatever_a_container_said():
    said = json.loads(logs.Json().format(line("it said %s", ('"\n{}',), trace="abcdefgh")))
    assert (said["message"], said["trace"], said["level"]) == ('it said "\n{}', "abcdefgh", "INFO")
    assert logs.Json().format(line("a\nb", ())).count("\n") == 0


def test_an_error_is_in_the_line_with_where_it_happened():
    try:
        int("no")
    except ValueError as error:
        record = line("failed", (), exc_info=(type(error), error, error.__traceback__))
    assert "ValueError: invalid literal" in json.loads(logs.Json().format(record))["error"]


def test_text_names_the_id_too_and_only_where_there_is_one():
    assert logs.Text().format(line("done", (), trace="abcdefgh")).endswith("holdout done [abcdefgh]")
    assert logs.Text().format(line("done", ())).endswith("holdout done")


def test_a_task_goes_on_under_the_id_of_whoever_sent_it(monkeypatch):
    seen = []

    @shared_task(name="tests.look")
    def look():
        seen.append(logs.trace())

    with logs.tracing("a-request-id"):
        headers = {}
        before_task_publish.send(sender="tests.look", headers=headers, body=None)
    look.apply(headers=headers)
    look.apply()
    assert headers["trace"] == "a-request-id"
    assert seen == ["a-request-id", ""]
