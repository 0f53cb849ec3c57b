"""Clients that send slowly hold no thread of the site for ever: a real server with two threads and short patience."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.web import BODY_S, LEAST_BYTES_S, longest_s

APPLICATION = """
import leaderboard.web as web
web.HEAD_S = web.BODY_S = 1.0

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    answer = b"read %d" % len(body)
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "slow_site.py").write_text(APPLICATION)
    address = str(tmp_path / "web.sock")
    words = ("--worker-class=leaderboard.web.BoundedWorker", "--workers=1", "--threads=2", f"--bind=unix:{address}")
    path = os.pathsep.join((str(tmp_path), str(Path.cwd())))
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "slow_site", "--no-control-socket", *words],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert any("Booting worker" in line for line in process.stderr)
    yield address
    process.kill()
    process.communicate()


def client(address, sent):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(120)
    connection.connect(address)
    connection.sendall(sent)
    return connection


def answered(connection):
    with connection, connection.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize("unfinished", [
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc", b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ",
])  # fmt: skip
def test_as_many_slow_clients_as_there_are_threads_keep_nobody_out(server, unfinished):
    slow = [client(server, unfinished) for _ in range(4)]
    quick = answered(client(server, b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"))
    assert quick.endswith(b"read 2")
    for one in slow:
        assert b"read 1000" not in answered(one)


def test_a_body_may_take_longer_the_larger_it_is():
    assert longest_s([]) == BODY_S
    assert longest_s([("CONTENT-LENGTH", str(10 * LEAST_BYTES_S))]) == BODY_S + 10
    assert longest_s([("Content-Length", "²")]) == BODY_S
