"""The site under load: 500 models × 10 metrics, 50 evaluations under way; server and clients on a core each."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.site.services import running_postgres, running_redis

MODELS, UNDER_WAY = 500, 50
CLIENTS = 4
WARM_UP, REQUESTS = 40, 800
TICKS_S = os.sysconf("SC_CLK_TCK")
PEERS = """Others, measured on a like machine (500 submissions × 10 metrics; server CPU a request, queries):
  board API: Codabench 285 ms, 12; EvalAI 90 to 180 ms, 11
  board page: grand-challenge 8,755 ms, 4,017; Codabench detail 2,600 ms, 5,009
  POST of a submission: Codabench 27 ms; EvalAI 70 ms"""


@dataclass(frozen=True, slots=True)
class Request:
    what: str
    path: str
    limit_ms: float
    most_queries: int | None = None
    fewest_a_second: int | None = None
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    expected: int = 200


def main() -> None:
    with running_postgres() as postgres, running_redis() as redis, tempfile.TemporaryDirectory() as var:
        os.environ |= {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": f"redis+socket://{redis.socket}",
            "SECRET_KEY": "only-for-the-bench",
            "HOLDOUT_VAR": var,
            "HOLDOUT_REGISTRIES": "registry.example.org",
            "HOLDOUT_API_RATE_ANONYMOUS": "1000000/s",
            "HOLDOUT_API_RATE_PERSON": "1000000/s",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
        }
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        requests = busy_site()
        queries = {request.what: queries_of(request) for request in requests}
        connections.close_all()
        cores = sorted(os.sched_getaffinity(0))
        with gunicorn(core=cores[0]) as (port, workers):
            os.sched_setaffinity(0, {cores[-1]})
            for request in requests:
                measure(request, port, workers, queries[request.what])
        print(PEERS)


def busy_site() -> list[Request]:
    """Rows made directly: what is measured is how they are read."""
    from leaderboard.api import tokens
    from leaderboard.models import Board, Scope, Track
    from leaderboard.publishing.history import remember
    from leaderboard.publishing.measures import views
    from leaderboard.publishing.whole import write_whole
    from leaderboard.states import SubmissionState
    from tests.site import builders
    from tests.site.pages.cards import a_card, a_row
    from tests.site.pages.stored import publish, store_board

    track = builders.make_track(slug="main", per_day=2_000_000_000, at_once=2_000_000_000)
    rows = [a_row(f"Model {number}", slug=f"m-{number}", team=f"Team {number % 60}") for number in range(MODELS)]
    for view in views(track.definition):
        store_board(*rows, track=track, metric=str(view.measure), target=view.target)
    remember(Board.objects.get(track=track, metric="primary", target=""))
    write_whole(track, "rows")
    team = builders.make_team()
    for number in range(MODELS):
        model = builders.make_model(team=team, name=f"Model number {number}", slug=f"m-{number}")
        card = a_card(studies=("CCLE", "CTRPv2", "gCSI", "GDSCv1", "GDSCv2"), metrics=("r2", "rmse"))
        publish(model=model, track=track, card=card)
    for _ in range(UNDER_WAY):
        run = builders.make_run(submission=builders.make_submission(state=SubmissionState.RUNNING, track=track))
        builders.make_stage(attempt=builders.make_attempt(run=run))
    token = tokens.make(team.people.get(), name="bench", scope=Scope.SUBMIT)[1]
    return asked(Track.objects.get(slug="main").slug, team.slug, token)


def asked(track: str, team: str, token: str) -> list[Request]:
    page, api = f"/boards/{track}/?metric=primary&target=", f"/api/v1/boards/{track}/"
    person = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    draft = {"team": team, "track": track, "model": "m-1", "image": f"registry.example.org/a/b@sha256:{'0' * 64}"}
    board = {"most_queries": 5, "fewest_a_second": 250}
    return [
        Request("board page", page, 3, **board),
        Request("board page, unchanged", page, 1, **board, headers={"If-None-Match": etag(page)}, expected=304),
        Request("board API", api, 3, **board),
        Request("board API, unchanged", api, 1, **board, headers={"If-None-Match": etag(api)}, expected=304),
        Request("board CSV", f"{api}?format=csv", 3, **board),
        Request("front page", "/", 20, most_queries=10),
        *pieced_together(track),
        Request("model page", "/models/m-7/", 20),
        Request("my submissions", "/api/v1/submissions/", 20, headers=person),
        Request(
            *("POST of a submission", "/api/v1/submissions/", 15),
            method="POST",
            headers=person,
            body=json.dumps(draft).encode(),
            expected=201,
        ),
    ]


def pieced_together(track: str) -> list[Request]:
    """What is put together of ready pieces, and what goes with a board."""
    board, most = f"/boards/{track}/", {"most_queries": 10}
    wide = "&".join(f"column={name}" for name in ("beats", "r2", "rmse", "pearson", "spearman", "gap", "published"))
    return [
        Request("board, filtered", f"{board}?name=odel+4&kind=participant&controls=hide", 20, **most),
        Request("board, sorted, four more columns", f"{board}?{wide}&sort=r2", 20, **most),
        Request("board, target by target", f"{board}?shown=targets", 20, **most),
        Request("board of a past day", f"{board}?as_of={date.today().isoformat()}", 20, **most),
        Request("board of sealed targets", f"{board}?data=sealed", 20, **most),
        Request("badge", "/models/m-7/badge.svg", 20, **most),
        Request("feed", "/feed.atom", 20, **most),
        Request("all boards in Parquet", f"/api/v1{board}whole.parquet", 20, **most),
    ]


def etag(path: str) -> str:
    from django.test import Client

    return Client(SERVER_NAME="localhost").get(path)["ETag"]


def queries_of(request: Request) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    for _ in range(2):  # the first fills what a process keeps
        with CaptureQueriesContext(connection) as captured:
            answer = client.generic(request.method, request.path, request.body, headers=request.headers)
        assert answer.status_code == request.expected, (request.what, answer.status_code, answer.content[:500])
    return len(captured)


@contextmanager
def gunicorn(core: int) -> Iterator[tuple[int, list[int]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--workers=1", "--worker-class=gthread", "--threads=4", "--keep-alive=60", f"--bind=127.0.0.1:{port}"]
    command = ["taskset", "-c", str(core), sys.executable, "-m", "gunicorn", "leaderboard.wsgi", "--no-control-socket"]
    server = subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        fetch(port, Request("", "/", 0), times=1)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        yield port, [int(pid) for pid in children]
    finally:
        server.terminate()
        server.wait(20)


def measure(request: Request, port: int, workers: list[int], queries: int) -> None:
    at_once(port, request, WARM_UP)
    cpu, start = cpu_s(workers), time.perf_counter()
    at_once(port, request, REQUESTS)
    wall_s = time.perf_counter() - start
    cpu_ms, a_second = (cpu_s(workers) - cpu) / REQUESTS * 1e3, REQUESTS / wall_s
    missed = [f"over {request.limit_ms:g} ms"] if cpu_ms >= request.limit_ms else []
    missed += ["too many queries"] if request.most_queries and queries > request.most_queries else []
    missed += ["too few a second"] if request.fewest_a_second and a_second < request.fewest_a_second else []
    print(
        f"{request.what}: {queries} queries, {cpu_ms:.2f} ms of server CPU (limit {request.limit_ms:g}), "
        f"{a_second:.0f} a second: {'MISSED: ' + ', '.join(missed) if missed else 'ok'}",
        flush=True,
    )


def at_once(port: int, request: Request, times: int) -> None:
    threads = [threading.Thread(target=fetch, args=(port, request, times // CLIENTS)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fetch(port: int, request: Request, times: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(times):
        connection.request(request.method, request.path, request.body, request.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != (request.expected or 200) and request.what:
            raise AssertionError(f"{request.what}: {answer.status}")
    connection.close()


def cpu_s(workers: list[int]) -> float:
    """User and system time of the processes that answer."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in workers]
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS_S


if __name__ == "__main__":
    main()
