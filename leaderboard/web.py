"""The site's gunicorn worker: threads, none of which waits for ever for a client that sends slowly."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

HEAD_S = 20.0
BODY_S, LEAST_BYTES_S = 30.0, 64 << 10
"""A body may take this long, and longer by its size at this pace. An upload that is cut off goes on where it was."""


def longest_s(headers: list[tuple[str, str]]) -> float:
    """Of the body that a request announces."""
    said = next((value for name, value in headers if name.upper() == "CONTENT-LENGTH"), "0")
    return BODY_S + (int(said) if said.isascii() and said.isdigit() else 0) / LEAST_BYTES_S


@contextmanager
def cut_off(client: socket.socket, after_s: float) -> Iterator[threading.Timer]:
    """Nothing more is read from it then: whoever waits for more finds its end. What is answered still goes out."""

    def cut() -> None:
        with suppress(OSError):  # it has hung up
            client.shutdown(socket.SHUT_RD)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield timer
    finally:
        timer.cancel()


class BoundedWorker(ThreadWorker):  # type: ignore[misc]  # it has no types
    def handle(self, conn: Any) -> Any:
        with cut_off(conn.sock, HEAD_S) as conn.until_head:
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.until_head.cancel()
        with cut_off(conn.sock, longest_s(req.headers)):
            return super().handle_request(req, conn)
