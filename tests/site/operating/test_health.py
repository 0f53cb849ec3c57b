"""What machines ask: is it up, can it work, how does it stand."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from tests.site.builders import make_host, make_run, make_stage, make_submission, make_upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def whole(settings, tmp_path, redis_server):
    settings.STORAGE = str(tmp_path)
    settings.CELERY_BROKER_URL = settings.HOST_BROKER_URL = redis_server.url
    cache.clear()


def scraped(client, **how):
    text = client.get(reverse("metrics"), **how).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_process_that_answers_is_up_whatever_else_is_down(client, settings, django_assert_num_queries):
    settings.STORAGE = "/nowhere"
    with django_assert_num_queries(0):
        assert client.get(reverse("health")).status_code == 200


def test_a_site_whose_parts_work_is_ready(client, tmp_path):
    answer = client.get(reverse("ready"))
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "value", "part"),
    [
        ("STORAGE", "/proc/nowhere", "storage"),
        ("CELERY_BROKER_URL", "redis+socket:///nowhere/r.sock", "site_broker"),
        ("HOST_BROKER_URL", "redis+socket:///nowhere/r.sock", "host_broker"),
    ],
)
def test_a_part_that_does_not_work_is_named(client, settings, setting, value, part):
    setattr(settings, setting, value)
    answer = client.get(reverse("ready"))
    assert answer.status_code == 503
    assert [name for name, said in answer.json()["parts"].items() if said != "ok"] == [part]


def test_a_database_that_is_away_is_named(client, monkeypatch):
    monkeypatch.setattr("leaderboard.health.connection.cursor", lambda: 1 / 0)
    assert client.get(reverse("ready")).json()["parts"]["database"] == "fails"


def test_readiness_is_not_tried_anew_for_everybody_who_asks(client, monkeypatch):
    client.get(reverse("ready"))
    monkeypatch.setattr("leaderboard.health.PARTS", {"database": lambda: 1 / 0})
    assert client.get(reverse("ready")).status_code == 200


def test_metrics_say_how_the_site_stands_in_words_that_prometheus_reads(client):
    make_submission(state="scoring")
    make_run(state="parked")
    make_host(unfit="its disk is full")
    make_host(reported_at=None)
    make_stage()
    make_upload(state="open")
    found = scraped(client)
    assert found["holdout_submissions", "scoring"] == 1
    assert found["holdout_runs", "parked"] == 1
    assert (found["holdout_hosts", "unfit"], found["holdout_hosts", "silent"]) == (1, 1)
    assert found["holdout_stages_ended_last_hour", "theirs", "out_of_memory"] == 0
    assert found["holdout_uploads_unfinished",] == 1
    assert found["holdout_submission_longest_seconds", "received"] == 3600


def test_metrics_take_a_few_queries(client, django_assert_max_num_queries):
    for _ in range(5):
        make_stage()
    with django_assert_max_num_queries(8):
        client.get(reverse("metrics"))


def test_metrics_name_nobody(client):
    submission = make_submission(state="queued")
    host = make_host(name="secret-host")
    text = client.get(reverse("metrics")).text
    for name in (submission.model.name, submission.model.slug, submission.model.team.name, host.name):
        assert name not in text


def test_metrics_are_for_a_token_or_a_network_alone(client, settings):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "a-token", ["10.0.0.0/8"]
    door = reverse("metrics")
    assert client.get(door).status_code == 404
    assert client.get(door, headers={"Authorization": "Bearer another"}).status_code == 404
    assert client.get(door, headers={"Authorization": "Bearer a-token"}).status_code == 200
    assert client.get(door, REMOTE_ADDR="10.1.2.3").status_code == 200


def test_a_request_that_a_proxy_passed_on_is_not_from_this_machine(client, settings):
    door, header = reverse("metrics"), {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}
    assert client.get(door, headers=header).status_code == 404
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get(door, headers=header).status_code == 404
    assert client.get(door, headers={"X-Forwarded-For": "203.0.113.9, 127.0.0.1"}).status_code == 200


def test_an_empty_token_is_no_key(client, settings):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", []
    assert client.get(reverse("metrics"), headers={"Authorization": "Bearer "}).status_code == 404
