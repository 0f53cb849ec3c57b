"""Stops the board in the middle of a transaction, by a trigger that waits for a lock that the test holds.

The site knows nothing of it: its statement takes long, as any may.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg2

from tests.kill.board import KilledBoard

LOCK = 717717
PAUSE = f"""
CREATE OR REPLACE FUNCTION pause_here() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END $$
"""
REMOVE = "DROP TRIGGER IF EXISTS pause_here ON leaderboard_{table}"


class Held:
    """Whoever comes to a statement that writes such a row waits, from now until `release`, or the server's death."""

    def __init__(self, board: KilledBoard, what: str) -> None:
        self.board, self.what = board, what
        self.connection = board.connection()
        self.connection.cursor().execute("SELECT pg_advisory_lock(%s)", (LOCK,))

    def wait(self) -> None:
        self.board.until(f"a transaction is held at {self.what}", self.has_come)

    def has_come(self) -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
        return self.board.one(waiting, LOCK) > 0

    def release(self) -> None:
        with suppress(psycopg2.Error):  # the server was killed
            self.connection.close()


@contextmanager
def ticks_held(board: KilledBoard) -> Iterator[None]:
    """The site's worker has its hands full of ticks that cannot end."""
    ticks = "SELECT count(*) FROM pg_locks WHERE relation = 'leaderboard_refund'::regclass AND NOT granted"
    with closing(board.connection()) as connection:
        connection.autocommit = False
        connection.cursor().execute("LOCK leaderboard_refund IN ACCESS EXCLUSIVE MODE")
        board.until("the worker is at a tick", lambda: board.one(ticks) == 1)
        yield


@contextmanager
def held(board: KilledBoard, table: str, when: str, *, of: str = "UPDATE") -> Iterator[Held]:
    """`when` is a condition on NEW, and OLD of an update."""
    moment = Held(board, f"{of} of {table} where {when}")
    board.sql(PAUSE)
    board.sql(
        f"CREATE TRIGGER pause_here BEFORE {of} ON leaderboard_{table} "
        f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION pause_here()"
    )
    try:
        yield moment
    finally:
        moment.release()
        with closing(board.connection()) as connection:
            connection.cursor().execute(REMOVE.format(table=table))
