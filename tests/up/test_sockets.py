"""Where the board listens, and what is said when it cannot."""

import socket
from pathlib import Path

import pytest

from leaderboard.up import sockets
from leaderboard.up.errors import BoardError


def test_a_port_in_use_is_a_sentence_with_the_remedy():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BoardError, match=rf"port {port} cannot be used \(Address already in use\).*--port"):
            sockets.check_free(port)
    sockets.check_free(port)


def test_a_folder_whose_name_is_too_long_for_a_socket_is_refused_before_anything_starts():
    with pytest.raises(BoardError, match="choose a shorter --folder"):
        sockets.checked(Path("/tmp") / ("x" * 110))


def test_a_socket_on_which_nobody_listens_does_not_answer(tmp_path):
    path = tmp_path / "s"
    assert not sockets.accepts(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert sockets.accepts(path)
    assert not sockets.accepts(path)
