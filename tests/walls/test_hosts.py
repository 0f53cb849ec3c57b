"""With a container host in hand, and its broker: what it was told, what it can send, what it can hand in."""

import json
import subprocess
import sys

import pytest
from celery import Celery
from redis import Redis

from evaluator.sealing import boxes
from evaluator.sealing.errors import SealingError
from leaderboard.models import Opening, SealedScore
from leaderboard.sealed import looking, queue
from leaderboard.sealed.queue import app
from tests.site.services import running_redis

TASKS = ["sealed.look", "sealed.report", "sealed.reseal"]


@pytest.fixture(scope="module")
def brokers():
    with running_redis() as site, running_redis() as hosts:
        yield site, hosts


def messages(server, *, db=0):
    with Redis(unix_socket_path=str(server.socket), db=db) as client:
        return client.llen("sealed")


def test_a_host_is_told_of_no_key_no_database_and_not_of_the_scorers_broker(board, vault):
    told = json.dumps(board.host_environment())
    for secret in (str(vault.keys), "scorer-password", "sealed-password", "site-password", "DATABASE_URL", "SCORER"):
        assert secret not in told


def test_each_side_sends_to_its_own_broker_and_reaches_no_other(brokers, monkeypatch):
    site, hosts = brokers
    stranger = Celery("stranger", broker=hosts.url, set_as_current=False)
    for task in TASKS:
        stranger.send_task(task, args=(1, 1), queue="sealed", ignore_result=True)
    assert (messages(hosts), messages(site), messages(site, db=1)) == (3, 0, 0)
    ours = Celery("sealed", broker=f"{site.url}?virtual_host=1", set_as_current=False)
    ours.conf.task_default_queue = app.conf.task_default_queue
    monkeypatch.setattr(queue, "app", ours)
    queue.wake()
    queue.ask_report(7, 8)
    assert (messages(hosts), messages(site), messages(site, db=1)) == (3, 0, 2)


def test_a_broker_that_is_away_keeps_nobody_from_asking(monkeypatch, tmp_path):
    away = Celery("sealed", broker=f"redis+socket://{tmp_path}/none.sock", set_as_current=False)
    away.conf.broker_transport_options = app.conf.broker_transport_options
    monkeypatch.setattr(queue, "app", away)
    queue.wake()
    assert queue.ask_reseal(7, 8) is None


def test_the_scorer_takes_json_alone_and_has_three_doors():
    assert app.conf.accept_content == ["json"]
    # In a process of its own, as the scorer's is: this one may have met the site's tasks, which join every app.
    listed = "from leaderboard.sealed.queue import app; app.loader.import_default_modules(); print(*app.tasks)"
    command = [sys.executable, "-c", f"import django; django.setup(); {listed}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(name for name in said if not name.startswith("celery.")) == sorted(TASKS)


@pytest.mark.parametrize("ids", [("1; DROP TABLE", 1), (None, 1), ([1], 1), ({"study": 1}, 1)])
def test_a_message_that_carries_anything_but_ids_ends_at_the_door(ids):
    app.loader.import_default_modules()
    for task in TASKS[1:]:
        with pytest.raises((TypeError, ValueError)):
            app.tasks[task](*ids)


@pytest.mark.django_db
def test_predictions_cannot_be_read_by_the_host_that_seals_them(study, deliver, vault, storage):
    """It holds the public key and nothing else, and a box never opens with that."""
    evaluation = deliver(study)
    spec = evaluation.runs.first().spec
    folder = f"attempts/{evaluation.runs.first().attempts.get().id.hex}/infer-sealed"
    sealed = storage.read(f"{folder}/predictions.f4.sealed")
    from evaluator.sealing.keys import Kind, PrivateKey, public

    raw = public(spec["seal_to"]).raw
    with pytest.raises(SealingError):
        boxes.open(sealed, PrivateKey(Kind.SEALING, raw))


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"\0" * 10, b"PAR1" + b"\0" * 4000, b"\x93NUMPY" * 200])
def test_whatever_else_a_host_hands_in_is_parsed_by_nobody_and_scored_by_nobody(study, deliver, storage, content):
    from evaluator.agent.uploads import SEALED_PREDICTIONS, upload
    from leaderboard.models import Stage

    evaluation = deliver(study)
    stage = Stage.objects.filter(attempt__run__evaluation=evaluation).first()
    folder = f"attempts/{stage.attempt_id.hex}/infer-sealed"
    manifest = upload(storage, folder, stage.attempt_id.hex, {SEALED_PREDICTIONS: content})
    Stage.objects.filter(pk=stage.pk).update(manifest=manifest)
    looking.look()
    assert not SealedScore.objects.exists()
    assert not Opening.objects.exists()
