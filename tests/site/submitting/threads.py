"""The same call from several threads at one moment, each with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from leaderboard.submitting.errors import Refused


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each call's result, or the code of its refusal."""
    ready = Barrier(len(calls))

    def call(act: Callable[[], Any]) -> Any:
        ready.wait(30)
        try:
            return act()
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))
